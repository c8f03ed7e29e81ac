/** The heap finds the least key after any changes. */
import assert from 'node:assert/strict';
import { test } from 'tap';
import { type HeapItem, IndexedHeap } from '../../../src/pool/indexed-heap.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const itemOf = (key: number): HeapItem => ({ key, index: -1 });

test('items leave in the order of their keys', async (t) => {
  const heap = new IndexedHeap();
  t.equal(heap.first, undefined);
  for (const key of [3, -1, 2]) heap.add(itemOf(key));
  t.equal(heap.all.length, 3);
  const order: number[] = [];
  for (let { first } = heap; first !== undefined; first = heap.first) {
    order.push(first.key);
    heap.remove(first);
  }
  t.same(order, [-1, 2, 3]);
  t.equal(heap.size, 0);
});

test('an item that was removed can be removed and added again', async (t) => {
  const heap = new IndexedHeap();
  const [one, two] = [itemOf(1), itemOf(2)];
  heap.add(one);
  heap.add(two);
  heap.remove(one);
  heap.remove(one);
  t.equal(heap.size, 1);
  t.equal(heap.first, two);
  heap.add(one);
  t.equal(heap.first, one);
});

test('the least key is first after any additions, removals, and new keys', async (t) => {
  const random = seededRandom(3);
  const heap = new IndexedHeap();
  const items: HeapItem[] = [];
  const anyIndex = () => Math.floor(random() * items.length);
  // With few different keys, many are equal.
  const anyKey = () => Math.floor(100 * random());
  let peak = 0;
  for (let step = 0; step < 20_000; step++) {
    const kind = random();
    if (kind < 0.4 || items.length === 0) {
      const item = itemOf(anyKey());
      items.push(item);
      heap.add(item);
    } else if (kind < 0.7) heap.rekey(items[anyIndex()] as HeapItem, anyKey());
    else heap.remove(items.splice(anyIndex(), 1)[0] as HeapItem);
    peak = Math.max(peak, heap.size);
    assert.equal(heap.size, items.length);
    assert.equal(heap.first?.key, items.length === 0 ? undefined : Math.min(...items.map(({ key }) => key)));
  }
  t.ok(peak > 100, `${peak} items`);
});
