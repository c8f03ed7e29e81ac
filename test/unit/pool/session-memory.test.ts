/** What a session remembers: the last state, and times since the last frame that was processed. */
import { test } from 'tap';
import { fixedMemory, SessionMemory } from '../../../src/pool/session-memory.ts';

test('the first frame has no state, and no frame before it', async (t) => {
  const memory = new SessionMemory(1000, 1_700_000_000_000);
  t.same(memory.momentOf(1250.04), {
    state: '',
    clock: { sessionMs: 250, elapsedMs: undefined, unixMs: 1_700_000_000_250 },
  });
  t.equal(memory.stateLength, 0);
});

test('the next frame gets the state, and the time since the last one that was processed', async (t) => {
  const memory = new SessionMemory(1000, 1_700_000_000_000);
  memory.processed(1100, '{"n":1}');
  t.same(memory.momentOf(1350), {
    state: '{"n":1}',
    clock: { sessionMs: 350, elapsedMs: 250, unixMs: 1_700_000_000_350 },
  });
  t.same(memory.momentOf(1400).clock.elapsedMs, 300, 'a frame that was lost in between does not count');
  memory.processed(1400, undefined);
  t.same(memory.momentOf(1500), {
    state: '{"n":1}',
    clock: { sessionMs: 500, elapsedMs: 100, unixMs: 1_700_000_000_500 },
  });
  t.equal(memory.stateLength, 7);
});

test('a fixed memory remembers nothing', async (t) => {
  const moment = { state: '{}', clock: { sessionMs: 1, elapsedMs: 2, unixMs: 3 } };
  const memory = fixedMemory(moment);
  memory.processed(5, 'other');
  t.equal(memory.momentOf(9), moment);
});

test('a frame that ends after a newer one changes nothing', async (t) => {
  const memory = new SessionMemory(0, 0);
  memory.processed(300, '{"n":3}');
  memory.processed(200, '{"n":2}');
  t.match(memory.momentOf(350), { state: '{"n":3}', clock: { elapsedMs: 50 } });
});
