/** A copy has the same characters. What it holds on to is measured in `session/session-memory.test.ts`. */
import { test } from 'tap';
import { detached } from '../../src/detached-text.ts';

test('a copy has the same characters', async (t) => {
  for (const text of ['', 'a', 'Straße 🚗', '{"n":1}'.repeat(10_000)]) t.equal(detached(text), text);
});
