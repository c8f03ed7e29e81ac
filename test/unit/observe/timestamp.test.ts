/** Times for people are ISO 8601 in UTC. */
import { test } from 'tap';
import { timestamp } from '../../../src/observe/timestamp.ts';

test('the time is now, and readable by every parser', async (t) => {
  const text = timestamp();
  t.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.equal(new Date(text).toISOString(), text);
});
