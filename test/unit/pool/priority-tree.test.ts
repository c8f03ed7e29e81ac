/** The tree agrees with a sorted array, and stays shallow. */
import assert from 'node:assert/strict';
import { test } from 'tap';
import { isBefore, PriorityNode, PriorityTree } from '../../../src/pool/priority-tree.ts';
import { seededRandom } from '../../support/seeded-random.ts';

function nodeOf(charge: number, startedAtMs: number, number: number, frames = 1): PriorityNode<number> {
  const node = new PriorityNode(number);
  return Object.assign(node, { charge, startedAtMs, number, frames, newestMs: 10 * number });
}

test('the smaller charge goes first, then the session served longer ago, then the frame held first', async (t) => {
  const tree = new PriorityTree<number>();
  const nodes = [nodeOf(2, 0, 1), nodeOf(1, 5, 2), nodeOf(1, 4, 3), nodeOf(1, 4, 4), nodeOf(-Infinity, -Infinity, 5)];
  for (const node of nodes) tree.add(node);
  const order: number[] = [];
  for (let { first } = tree; first !== undefined; first = tree.first) {
    order.push(first.item);
    tree.remove(first);
  }
  t.same(order, [5, 3, 4, 2, 1]);
  t.ok(tree.isEmpty);
  t.equal(tree.newestMs, Number.NEGATIVE_INFINITY);
});

test('all frames of sessions with the same priority go before a new one', async (t) => {
  const tree = new PriorityTree<number>();
  for (const node of [nodeOf(1, 5, 1, 3), nodeOf(1, 6, 2, 2), nodeOf(2, 0, 3, 10)]) tree.add(node);
  t.equal(tree.framesBefore(1, 4), 0);
  t.equal(tree.framesBefore(1, 5), 3);
  t.equal(tree.framesBefore(1, 6), 5);
  t.equal(tree.framesBefore(2, -1), 5);
  t.equal(tree.framesBefore(3, 0), 15);
});

test('a node of another tree cannot be removed', async (t) => {
  t.throws(() => new PriorityTree<number>().remove(nodeOf(1, 1, 1)), /not in the tree/);
});

test('the tree agrees with a sorted array after any additions and removals', async (t) => {
  const random = seededRandom(5);
  const below = (limit: number) => Math.floor(limit * random());
  const tree = new PriorityTree<number>();
  let sorted: PriorityNode<number>[] = [];
  let peak = 0;
  for (let step = 0; step < 10_000; step++) {
    if (random() < 0.52) {
      const node = nodeOf(below(8), below(4), step, 1 + below(3));
      tree.add(node);
      sorted = [...sorted, node].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    } else if (sorted.length > 0) {
      tree.remove(sorted.splice(below(sorted.length), 1)[0] as PriorityNode<number>);
    }
    peak = Math.max(peak, sorted.length);
    assert.equal(tree.first, sorted[0]);
    assert.equal(tree.isEmpty, sorted.length === 0);
    assert.equal(tree.newestMs, Math.max(...sorted.map(({ newestMs }) => newestMs)));
    const [charge, startedAtMs] = [below(9), below(5)];
    const ahead = sorted.filter((node) => isBefore(node, { charge, startedAtMs, number: step + 1 }));
    assert.equal(
      tree.framesBefore(charge, startedAtMs),
      ahead.reduce((sum, { frames }) => sum + frames, 0),
    );
  }
  t.ok(peak > 100, `${peak} nodes`);
});

function depthOf(node: PriorityNode<number> | undefined): number {
  return node === undefined ? 0 : 1 + Math.max(depthOf(node.left), depthOf(node.right));
}

test('the tree stays shallow when nodes are added in order', async (t) => {
  const tree = new PriorityTree<number>();
  const nodes = Array.from({ length: 20_000 }, (_, number) => nodeOf(number, 0, number));
  for (const node of nodes) tree.add(node);
  const total = nodes.length;
  const root = nodes.find(({ subtreeFrames }) => subtreeFrames === total);
  // A balanced tree has 15 levels; a random one of this size practically never more than four times as many.
  const depth = depthOf(root);
  t.ok(depth >= 15 && depth < 60, `${depth} levels`);
});
