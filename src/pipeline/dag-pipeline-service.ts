/** Runs pipelines: one instance per node, one frame at a time. Worker threads. */
import { FrameError } from '../errors.ts';
import type { Image } from '../models/image.ts';
import { ModelScope, type ModelSource } from '../models/loader.ts';
import type { ModelInfo } from '../models/model-info.ts';
import { type FrameMoment, noMoment } from '../session-state.ts';
import type { Clock, Ports, PortValues, StatefulInstance, ToolInstance } from '../tools/tool.ts';
import { toolName } from '../tools/tool.ts';
import type { CheckedNode } from './check-node.ts';
import type { Pipeline } from './registry.ts';
import { isStateful, readStates, type StatefulNode, type States, writeStates } from './session-states.ts';
import { checkOutputs, eventTexts, maxEvents } from './tool-outputs.ts';

/** The merged outputs of the output nodes and their predecessors, and the duration of each node. */
export interface DagRun {
  /** Without events. */
  readonly values: PortValues;
  /** Each event of any of these nodes as JSON text; undefined if none of them reports events. */
  readonly events: readonly string[] | undefined;
  /** Name of the tool whose output is the value of a port. */
  readonly toolOf: (port: string) => string | undefined;
  readonly timingsMs: Readonly<Record<string, number>>;
  /** For the session's next frame; empty if the pipeline has no state. */
  readonly state: string;
}

type AnyInstance = ToolInstance | StatefulInstance<unknown>;

interface RunnableNode {
  readonly id: string;
  readonly instance: AnyInstance;
  readonly hasState: boolean;
  readonly toolName: string;
  readonly failureDetail: string;
}

/** States of a frame's tools: those before it, and what the tools leave for the next one. */
interface RunStates {
  readonly before: States;
  readonly after: Map<string, unknown>;
  readonly clock: Clock;
}

/** A tool instance with its models, and the first node that uses it, as startup errors name it. */
interface SharedInstance {
  readonly nodeName: string;
  readonly instance: AnyInstance;
  readonly models: ModelScope;
}

interface RunnablePipeline {
  readonly definition: Pipeline;
  readonly nodes: ReadonlyMap<string, RunnableNode>;
  readonly stateful: readonly StatefulNode[];
}

export class DagPipelineService {
  readonly #pipelines: ReadonlyMap<string, RunnablePipeline>;
  readonly #instances: readonly SharedInstance[];

  private constructor(pipelines: ReadonlyMap<string, RunnablePipeline>, instances: readonly SharedInstance[]) {
    this.#pipelines = pipelines;
    this.#instances = instances;
  }

  /**
   * Creates the tools of all pipelines. Nodes of different pipelines with the same tool and params share an instance, so a
   * model is loaded once per thread. Within one pipeline every node has its own, since independent nodes run concurrently.
   * @throws Error with pipeline, node and reason when a tool cannot be created.
   */
  static async create(pipelines: readonly Pipeline[], context: ModelSource): Promise<DagPipelineService> {
    const shared = new Map<string, SharedInstance>();
    try {
      return new DagPipelineService(await createAll(pipelines, shared, context), [...shared.values()]);
    } catch (error) {
      // Release the models of the tools created so far.
      await closeAll(shared.values());
      throw error;
    }
  }

  get models(): ModelInfo[] {
    return this.#instances.flatMap(({ instance, models }) => [...models.models, ...(instance.models ?? [])]);
  }

  /**
   * Runs one pipeline on one image. Nodes of the same level run concurrently, which helps nodes that wait for another thread.
   * @throws FrameError `pipeline_failure` with the failing tool's detail.
   */
  async run(pipelineId: string, image: Image, { state, clock }: FrameMoment = noMoment): Promise<DagRun> {
    const pipeline = this.#pipelines.get(pipelineId);
    if (pipeline === undefined) throw new FrameError('internal_error');
    const { definition, stateful } = pipeline;
    const { plan } = definition;
    const states: RunStates = { before: readStates(state, stateful), after: new Map(), clock };
    const outputs = new Map<string, PortValues>();
    const timingsMs: Record<string, number> = {};
    for (const level of plan.levels) {
      const runs = level.map(async (id) => {
        const inputs: Ports = mergePorts({ image }, plan.predecessors.get(id) ?? [], outputs);
        const startedAtMs = performance.now();
        outputs.set(id, await runNode(pipeline.nodes.get(id) as RunnableNode, inputs, states));
        timingsMs[id] = performance.now() - startedAtMs;
      });
      // If one fails, the others end before the next frame uses their tools and models.
      await Promise.allSettled(runs);
      await Promise.all(runs);
    }
    const toolAt = (id: string) => toolName((definition.nodes.get(id) as CheckedNode).tool);
    const { events: _events, ...values }: PortValues = mergePorts({}, plan.merged, outputs);
    return {
      values: { ...values, ...joinedCounts(plan.merged, outputs) },
      events: joinedEvents(plan.merged, outputs, toolAt),
      toolOf: (port) =>
        plan.merged
          .filter((id) => outputs.get(id)?.[port] !== undefined)
          .map(toolAt)
          .at(-1),
      timingsMs,
      state: stateful.length === 0 ? '' : writeStates(states.after, stateful),
    };
  }

  /**
   * Warms every tool up.
   * @throws Error with pipeline, node and reason; all tools are closed first.
   */
  async warm(): Promise<void> {
    try {
      for (const { nodeName, instance } of this.#instances) await withNodeName(nodeName, async () => instance.warm?.());
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await closeAll(this.#instances);
  }
}

/** Closes the tools, then releases their models. */
async function closeAll(instances: Iterable<SharedInstance>): Promise<void> {
  for (const { instance, models } of instances) {
    await instance.close?.();
    await models.release();
  }
}

/** @param shared receives the created instances. */
async function createAll(
  pipelines: readonly Pipeline[],
  shared: Map<string, SharedInstance>,
  context: ModelSource,
): Promise<Map<string, RunnablePipeline>> {
  const runnable = new Map<string, RunnablePipeline>();
  for (const definition of pipelines) {
    const nodes = new Map<string, RunnableNode>();
    const seen = new Map<string, number>();
    for (const [id, node] of definition.nodes) {
      const sameBefore = seen.get(instanceKey(node)) ?? 0;
      seen.set(instanceKey(node), sameBefore + 1);
      const key = `${instanceKey(node)} ${sameBefore}`;
      const entry = shared.get(key) ?? (await createInstance(definition.id, node, context));
      shared.set(key, entry);
      const named = { toolName: toolName(node.tool), failureDetail: node.tool.failureDetail };
      nodes.set(id, { id, instance: entry.instance, hasState: isStateful(node), ...named });
    }
    runnable.set(definition.id, { definition, nodes, stateful: [...definition.nodes.values()].filter(isStateful) });
  }
  return runnable;
}

function instanceKey(node: CheckedNode): string {
  return `${toolName(node.tool)} ${node.paramsKey}`;
}

async function createInstance(pipelineId: string, node: CheckedNode, context: ModelSource): Promise<SharedInstance> {
  const nodeName = `pipeline "${pipelineId}": node "${node.id}"`;
  const models = new ModelScope(context);
  try {
    const instance = await withNodeName(nodeName, async () => {
      const created: Partial<AnyInstance> | undefined = await node.tool.create(node.params, { ...context, models });
      // Custom tools are not type-checked; without this check every frame would fail.
      if (typeof created?.run !== 'function')
        throw new Error(`${toolName(node.tool)}: create() must return an object with run()`);
      return created as AnyInstance;
    });
    return { nodeName, instance, models };
  } catch (error) {
    await models.release();
    throw error;
  }
}

/** Prefixes an error with the name of the node. */
async function withNodeName<Value>(nodeName: string, task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${nodeName}: ${reason}`, { cause });
  }
}

/** Merges the outputs of nodes; later nodes win. */
function mergePorts<Base extends PortValues>(base: Base, ids: readonly string[], outputs: Outputs): Base {
  return ids.reduce((merged, id) => Object.assign(merged, outputs.get(id)), base);
}

type Outputs = ReadonlyMap<string, PortValues>;

/** Every node reports its own events: a later one does not replace them. */
function joinedEvents(ids: readonly string[], outputs: Outputs, toolAt: (id: string) => string): string[] | undefined {
  const reporting = ids.filter((id) => outputs.get(id)?.events !== undefined);
  if (reporting.length === 0) return undefined;
  const events = reporting.flatMap((id) => eventTexts(toolAt(id), outputs.get(id)?.events ?? []));
  if (events.length > maxEvents)
    throw new FrameError('pipeline_failure', `More than ${maxEvents} events of ${reporting.map(toolAt).join(', ')}`);
  return events;
}

/** Counts are by zone, and nodes have different zones. */
function joinedCounts(ids: readonly string[], outputs: Outputs): PortValues {
  const counts = ids.map((id) => outputs.get(id)?.counts).filter((each) => each !== undefined);
  return counts.length === 0 ? {} : { counts: Object.assign({}, ...counts) };
}

async function runNode(node: RunnableNode, inputs: Ports, states: RunStates): Promise<PortValues> {
  try {
    if (!node.hasState) return checkOutputs(node.toolName, await (node.instance as ToolInstance).run(inputs));
    const moment = { state: states.before.get(node.id), clock: states.clock };
    const step = await (node.instance as StatefulInstance<unknown>).run(inputs, moment);
    if (step?.outputs === undefined) throw new Error(`${node.toolName}: run() must return { outputs, state }`);
    states.after.set(node.id, step.state);
    return checkOutputs(node.toolName, step.outputs);
  } catch (cause) {
    if (cause instanceof FrameError) throw cause;
    throw new FrameError('pipeline_failure', node.failureDetail, { cause });
  }
}
