/** The gateway's backpressure as seen by the client. */
import { test } from 'tap';
import { type PressureInput, pressureOf, pressureText } from '../../../src/web/pressure.ts';

const idle: PressureInput = { adapt: true, allowedFps: 30, wantedFps: 30, dropRate: 0, sinceSlowDownMs: undefined };

test('the state follows from the input', async (t) => {
  const cases: [Partial<PressureInput>, string][] = [
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
  for (const [input, expected] of cases) t.equal(pressureOf({ ...idle, ...input }), expected, JSON.stringify(input));
});

test('each state has its own text, which depends on the settings', async (t) => {
  const text = (input: Partial<PressureInput>) => pressureText({ ...idle, ...input });
  const all = [
    text({}),
    text({ dropRate: 0.5 }),
    text({ allowedFps: 5 }),
    text({ sinceSlowDownMs: 0 }),
    text({ sinceSlowDownMs: 0, adapt: false }),
  ];
  t.equal(new Set(all).size, all.length);
  t.match(text({ sinceSlowDownMs: 0, adapt: false }), /Adapt/);
});
