/** Rows have one owner at a time, and whoever waits for one gets it. */
import fc from 'fast-check';
import { test } from 'tap';
import { type BatchLayout, BatchMemory } from '../../../../src/models/engine/batch-memory.ts';

const layout: BatchLayout = {
  ...{ rows: 4, maxBatch: 2, isStacked: true },
  inputs: [
    { name: 'image', type: 'uint8', dims: [3] },
    { name: 'scale', type: 'float32', dims: [2] },
  ],
  outputs: [{ name: 'box', type: 'float64', dims: [2, 2] }],
};

const never = () => false;

test('claims the lowest free rows', (t) => {
  const memory = new BatchMemory(layout);
  t.same(memory.claim(2, 1), [0, 1]);
  t.same(memory.claim(1, 2), [2]);
  memory.release([0], 1);
  t.same(memory.claim(3, 2), [0, 3], 'fewer than wanted if there are no more');
  t.same(memory.claim(1, 1), []);
  t.end();
});

test('a row is released by its owner only', (t) => {
  const memory = new BatchMemory(layout);
  const rows = memory.claim(4, 1);
  memory.release(rows, 2);
  t.same(memory.claim(1, 2), []);
  memory.release([1], 1);
  t.same(memory.claim(2, 2), [1]);
  memory.releaseAll(1);
  t.same(memory.claim(4, 3), [0, 2, 3], 'all rows of one owner');
  t.end();
});

interface Step {
  readonly kind: 'claim' | 'release' | 'releaseAll';
  readonly owner: number;
  readonly count: number;
}

/** Four workers, each with its own view of the same memory, and the owners that its rows should have. */
class Workers {
  readonly #views: readonly BatchMemory[];
  readonly #owners = new Map<number, number>();

  constructor() {
    const { buffer } = new BatchMemory(layout);
    this.#views = [1, 2, 3, 4].map(() => new BatchMemory(layout, buffer));
  }

  /** @returns whether it claimed what was free, and nothing else. */
  step({ kind, owner, count }: Step): boolean {
    const view = this.#views[owner - 1] as BatchMemory;
    if (kind === 'claim') return this.#claimed(view.claim(count, owner), owner, count);
    const own = [...this.#owners].filter(([, each]) => each === owner).map(([row]) => row);
    const released = kind === 'release' ? own.slice(0, count) : own;
    if (kind === 'release') view.release(released, owner);
    else view.releaseAll(owner);
    for (const row of released) this.#owners.delete(row);
    return true;
  }

  #claimed(rows: readonly number[], owner: number, count: number): boolean {
    if (rows.length !== Math.min(count, layout.rows - this.#owners.size)) return false;
    if (rows.some((row) => this.#owners.has(row))) return false;
    for (const row of rows) this.#owners.set(row, owner);
    return true;
  }
}

test('no row has two owners, whoever claims and releases', (t) => {
  const step = fc.record<Step>({
    kind: fc.constantFrom('claim', 'claim', 'release', 'releaseAll'),
    owner: fc.integer({ min: 1, max: 4 }),
    count: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const workers = new Workers();
      return steps.every((each) => workers.step(each));
    }),
  );
  t.end();
});

test('waits for a free row', async (t) => {
  const memory = new BatchMemory(layout);
  const other = new BatchMemory(layout, memory.buffer);
  const rows = memory.claim(4, 1);
  const waiting = [2, 3].map((owner) => other.claimSoon(1, owner, never));
  memory.release(rows.slice(0, 1), 1);
  memory.release(rows.slice(1, 2), 1);
  const [second, third] = await Promise.all(waiting);
  t.same([...(second ?? []), ...(third ?? [])].sort(), [0, 1]);
});

test('a wait ends if nobody will free a row any more', async (t) => {
  const memory = new BatchMemory(layout);
  memory.claim(4, 1);
  // Its timeout alone does not keep a process alive.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  let isOver = false;
  const waiting = memory.claimSoon(1, 2, () => isOver);
  isOver = true;
  t.same(await waiting, []);
});

test('tensors of adjacent rows are views of the same memory', (t) => {
  const memory = new BatchMemory(layout);
  const other = new BatchMemory(layout, memory.buffer);
  memory.inputs(1, 2)['image']?.data.set([1, 2, 3, 4, 5, 6] as never);
  t.same(other.inputs(2, 1)['image'], { type: 'uint8', data: Uint8Array.of(4, 5, 6), dims: [1, 3] });
  t.same(other.inputs(0, 4)['scale']?.dims, [4, 2]);
  memory.outputs(3, 1)?.['box']?.data.set([1, 2, 3, 4] as never);
  t.same([...((other.outputs(2, 2)?.['box']?.data ?? []) as Float64Array)], [0, 0, 0, 0, 1, 2, 3, 4]);
  t.same([...(memory.inputs(0, 4)['scale']?.data as Float32Array)], new Array(8).fill(0), 'nothing overlaps');
  t.end();
});

test('unstacked rows have no batch dimension of their own, and unknown outputs no memory', (t) => {
  const memory = new BatchMemory({ ...layout, isStacked: false, maxBatch: 1, outputs: undefined });
  t.same(memory.inputs(0, 1)['image']?.dims, [3]);
  t.equal(memory.outputs(0, 1), undefined);
  t.end();
});
