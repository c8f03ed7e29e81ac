/** The reply as JSON for people. */
import fc from 'fast-check';
import { test } from 'tap';
import { formatReply } from '../../../src/web/reply-json.ts';

test('points and polygons take one line', async (t) => {
  const reply = { frame_index: 3, result: { polygons: [[[1, 2]]], names: ['a'], none: [], empty: {}, of: [null] } };
  t.equal(
    formatReply(reply),
    `{
  "frame_index": 3,
  "result": {
    "polygons": [[[1,2]]],
    "names": [
      "a"
    ],
    "none": [],
    "empty": {},
    "of": [
      null
    ]
  }
}`,
  );
});

test('it is the same JSON, whatever is in the reply', async () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      return JSON.stringify(JSON.parse(formatReply(value))) === JSON.stringify(value);
    }),
  );
});
