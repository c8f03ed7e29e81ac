/** Percentiles are accurate to three significant figures, also after transfer between threads and merging. */
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'tap';
import {
  emptyLatencies,
  type Latencies,
  mergeLatencies,
  recordLatency,
  summarizeLatencies,
} from '../../../src/load/latency.ts';

/** The value as another thread receives it. */
function sent(latencies: Latencies): Promise<Latencies> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port2.once('message', (received: Latencies) => {
      port1.close();
      resolve(received);
    });
    port1.postMessage(latencies);
  });
}

function recorded(values: readonly number[]): Latencies {
  const latencies = emptyLatencies();
  for (const ms of values) recordLatency(latencies, ms);
  return latencies;
}

test('the summary of an empty histogram is undefined', async (t) => {
  t.equal(summarizeLatencies(emptyLatencies()), undefined);
  t.equal(summarizeLatencies(mergeLatencies([])), undefined);
  t.equal(summarizeLatencies(mergeLatencies([emptyLatencies(), emptyLatencies()])), undefined);
});

test('one value is every percentile', async (t) => {
  const summary = summarizeLatencies(recorded([12.5]));
  for (const value of Object.values(summary ?? {})) t.ok(Math.abs(value - 12.5) <= 0.0125, `${value}`);
  t.equal(summary?.max, 12.5, 'the maximum is exact');
});

test('out-of-range values are still recorded', async (t) => {
  const summary = summarizeLatencies(recorded([0, 1e15]));
  t.equal(summary?.max, 1e15);
  t.ok((summary?.p50 ?? 1) <= 0.001);
});

test('percentiles of merged threads are those of all their values', async (t) => {
  const values = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 4 }), async (threads) => {
      const merged = mergeLatencies(await Promise.all(threads.map((part) => sent(recorded(part)))));
      const all = threads.flat().sort((a, b) => a - b);
      const summary = summarizeLatencies(merged);
      if (summary === undefined || summary.max !== all.at(-1)) return false;
      const parts = { p50: 0.5, p90: 0.9, p97_5: 0.975, p99: 0.99, p999: 0.999 } as const;
      return (Object.keys(parts) as (keyof typeof parts)[]).every((name) => {
        const exact = all[Math.max(0, Math.ceil(parts[name] * all.length) - 1)] as number;
        // One part in a thousand, plus the rounding to a microsecond.
        return Math.abs(summary[name] - exact) <= exact / 1000 + 0.0011;
      });
    }),
    { numRuns: 50 },
  );
  t.pass();
});
