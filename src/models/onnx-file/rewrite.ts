/** State of one rewrite: which values have rows, what is constant, and the nodes of the new graph. Any thread. */
import { attributeOf, type Graph, type GraphNode, readIntegers, tensorDims } from './graph.ts';
import { createNode, createVector, withInputs } from './graph-writer.ts';
import type { Field } from './protobuf.ts';
import { type Rows, resolveAxis } from './rows.ts';

/** Shapes of values at batch 1, by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

const prefix = 'framegate_batch';

export class Rewrite {
  readonly graph: Graph;
  readonly shapes: Shapes;
  readonly #rows = new Map<string, Rows>();
  readonly #constants = new Map<string, Field>();
  readonly #producers = new Map<string, GraphNode>();
  readonly #consumers = new Map<string, GraphNode[]>();
  readonly #front: GraphNode[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #expanded = new Map<string, string>();
  readonly #batchInput: string;
  #batchSize: string | undefined;
  #count = 0;

  /** @param batchInput an input whose first dimension is the batch. */
  constructor(graph: Graph, shapes: Shapes, batchInput: string) {
    this.graph = graph;
    this.shapes = shapes;
    this.#batchInput = batchInput;
    for (const [name, tensor] of graph.initializers) this.#constants.set(name, tensor);
    for (const node of graph.nodes) {
      for (const name of node.outputs) this.#producers.set(name, node);
      for (const name of node.inputs) this.#consumers.set(name, [...(this.#consumers.get(name) ?? []), node]);
      const tensor = node.opType === 'Constant' ? attributeOf(node, 'value')?.tensor : undefined;
      if (tensor !== undefined) this.#constants.set(node.outputs[0] ?? '', tensor);
    }
  }

  /** All nodes of the new graph. */
  get nodes(): GraphNode[] {
    return [...this.#front, ...this.#nodes];
  }

  /** Whether an input has a free dimension besides the batch, so that measured shapes are those of one size only. */
  get hasFreeSize(): boolean {
    return this.graph.inputs.some(({ dims }) => dims?.slice(1).some((dim) => typeof dim !== 'number'));
  }

  rowsOf(name: string | undefined): Rows | undefined {
    return name === undefined ? undefined : this.#rows.get(name);
  }

  setRows(name: string, rows: Rows): void {
    if (name !== '') this.#rows.set(name, rows);
  }

  emit(...nodes: readonly GraphNode[]): void {
    this.#nodes.push(...nodes);
  }

  /** The whole numbers of a constant; `undefined` if it is computed, or not small. */
  constantOf(name: string | undefined): readonly number[] | undefined {
    const tensor = name === undefined ? undefined : this.#constants.get(name);
    if (tensor !== undefined) return readIntegers(tensor)?.values;
    const node = name === undefined ? undefined : this.#producers.get(name);
    if (node?.opType !== 'Constant') return undefined;
    return (attributeOf(node, 'value_ints') ?? attributeOf(node, 'value_int'))?.integers;
  }

  /** The dimensions of a value at batch 1, if they are known. */
  dimsOf(name: string | undefined): readonly number[] | undefined {
    if (name === undefined) return undefined;
    const tensor = this.#constants.get(name);
    return tensor === undefined ? this.shapes.get(name) : tensorDims(tensor);
  }

  producerOf(name: string | undefined): GraphNode | undefined {
    return name === undefined ? undefined : this.#producers.get(name);
  }

  consumersOf(name: string): readonly GraphNode[] {
    return this.#consumers.get(name) ?? [];
  }

  /** Axes of a node: an attribute in old operator sets, an input in new ones. */
  axesOf(node: GraphNode, rank: number, input = 1): readonly number[] | undefined {
    const axes = attributeOf(node, 'axes')?.integers ?? this.constantOf(node.inputs[input]);
    return axes?.map((axis) => resolveAxis(axis, rank));
  }

  /** A new vector of constants. @returns its name. */
  vector(values: readonly (number | bigint)[]): string {
    const name = this.#newName('values');
    this.#front.push(createVector(name, values.map(BigInt)));
    return name;
  }

  /** A new node before the one that is being rewritten. @returns its output. */
  compute(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, number>> = {}): string {
    const name = this.#newName(opType.toLowerCase());
    this.#nodes.push(createNode(opType, inputs, name, attributes));
    return name;
  }

  /** Emits a node with one other input. */
  emitWithInput(node: GraphNode, index: number, input: string): void {
    this.emit(withInputs(node, node.inputs.with(index, input)));
  }

  /** A node that takes another value wherever it took `name`. */
  withInput(node: GraphNode, name: string, other: string): GraphNode {
    return withInputs(
      node,
      node.inputs.map((input) => (input === name ? other : input)),
    );
  }

  /** A vector with the batch size. @returns its name. */
  batchSize(): string {
    if (this.#batchSize === undefined) {
      const [shape, size] = [this.#newName('shape'), this.#newName('size')];
      const first = this.vector([0]);
      this.#front.push(createNode('Shape', [this.#batchInput], shape), createNode('Gather', [shape, first], size));
      this.#batchSize = size;
    }
    return this.#batchSize;
  }

  /** Repeats a value that is the same for all images, so that it has rows. @returns the name of the repeated value. */
  repeat(name: string, { axis, rank }: Rows): string {
    const key = `${name}\n${axis}\n${rank}`;
    const known = this.#expanded.get(key);
    if (known !== undefined) return known;
    const ones = (count: number) => (count === 0 ? [] : [this.vector(Array<number>(count).fill(1))]);
    const parts = [...ones(axis), this.batchSize(), ...ones(rank - axis - 1)];
    const shape = parts.length === 1 ? this.batchSize() : this.compute('Concat', parts, { axis: 0 });
    const repeated = this.compute('Expand', [name, shape]);
    this.#expanded.set(key, repeated);
    return repeated;
  }

  #newName(what: string): string {
    this.#count += 1;
    const name = `${prefix}_${what}_${this.#count}`;
    const isUsed = this.#producers.has(name) || this.#constants.has(name);
    return isUsed ? this.#newName(what) : name;
  }
}
