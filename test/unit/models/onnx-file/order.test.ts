/** Nodes are ordered by what they take, and stay in place where they can. */
import { test } from 'tap';
import { createNode } from '../../../../src/models/onnx-file/graph-writer.ts';
import { inOrder } from '../../../../src/models/onnx-file/order.ts';

const node = (output: string, ...inputs: string[]) => createNode('Identity', inputs, output);
const namesOf = (nodes: Parameters<typeof inOrder>[0]) => inOrder(nodes).map(({ name }) => name);

test('nodes in order stay as they are', async (t) => {
  t.same(namesOf([node('a', 'x'), node('b', 'x'), node('c', 'a'), node('d', 'c', 'b')]), ['a', 'b', 'c', 'd']);
});

test('a node that stands behind its consumers comes before them', async (t) => {
  t.same(namesOf([node('b', 'a'), node('c', 'b'), node('a', 'x')]), ['a', 'b', 'c']);
});

test('a long chain, backwards, and a cycle', async (t) => {
  const chain = Array.from({ length: 20_000 }, (_, index) => node(`v${index}`, `v${index + 1}`));
  t.equal(namesOf(chain)[0], 'v19999');
  t.equal(inOrder([node('a', 'b'), node('b', 'a')]).length, 2);
});
