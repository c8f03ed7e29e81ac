/** What the list says about a text. */
import { test } from 'tap';
import { formatAgo, metaOf } from '../../../src/web/text-list.ts';

test('relative times', async (t) => {
  const texts = [0, 1400, 2000, 59_400, 60_000, 3_599_000, 7_300_000].map(formatAgo);
  t.strictSame(texts, ['now', 'now', '2 s ago', '59 s ago', '1 min ago', '59 min ago', '2 h ago']);
});

test('a text of a track has its number and its votes', async (t) => {
  const recognition = {
    id: 0,
    text: 'AB123',
    label: 'plate',
    source: 'Sample',
    score: 0.97,
    sightedMs: 0,
    lastSeenMs: 0,
  };
  t.equal(metaOf(recognition, 0), '97 % · now');
  t.equal(metaOf({ ...recognition, track: { session: 1, id: 12, reads: 3 } }, 5000), '#12 · 97 % · 3 reads · 5 s ago');
  t.equal(metaOf({ ...recognition, track: { session: 1, id: 12, reads: 1 } }, 0), '#12 · 97 % · 1 read · now');
  t.equal(metaOf({ ...recognition, track: { session: 1, id: 12 } }, 0), '#12 · 97 % · now');
});
