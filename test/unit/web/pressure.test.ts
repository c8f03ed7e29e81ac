/** What a client can know of the gateway's backpressure. */
import { test } from 'tap';
import { type PressureSigns, pressureOf, pressureWords } from '../../../src/web/pressure.ts';

const calm: PressureSigns = { adapt: true, allowedFps: 30, wantedFps: 30, dropRate: 0, sinceSlowDownMs: undefined };

test('the state follows from the signs', async (t) => {
  const cases: [Partial<PressureSigns>, string][] = [
    [{}, 'normal'],
    [{ allowedFps: 29 }, 'normal'],
    [{ allowedFps: 12 }, 'reduced'],
    [{ allowedFps: 12, wantedFps: 10 }, 'normal'],
    [{ allowedFps: 12, adapt: false }, 'normal'],
    [{ sinceSlowDownMs: 500 }, 'slow_down'],
    [{ sinceSlowDownMs: 500, adapt: false }, 'slow_down'],
    [{ sinceSlowDownMs: 5000 }, 'normal'],
    [{ sinceSlowDownMs: 5000, allowedFps: 3 }, 'reduced'],
  ];
  for (const [signs, expected] of cases) t.equal(pressureOf({ ...calm, ...signs }), expected, JSON.stringify(signs));
});

test('each state has words of its own, and they fit what was chosen', async (t) => {
  const words = (signs: Partial<PressureSigns>) => pressureWords({ ...calm, ...signs });
  const all = [
    words({}),
    words({ dropRate: 0.5 }),
    words({ allowedFps: 5 }),
    words({ sinceSlowDownMs: 0 }),
    words({ sinceSlowDownMs: 0, adapt: false }),
  ];
  t.equal(new Set(all).size, all.length);
  t.match(words({ sinceSlowDownMs: 0, adapt: false }), /Adapt/);
});
