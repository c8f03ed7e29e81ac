/** Complete runs against servers with one known behavior, which the report must show. */
import { test } from 'tap';
import type { Arrival } from '../../support/fake-gateway.ts';
import { load, total } from '../../support/load-run.ts';

test('a server that replies after 100 ms has a latency of at least 100 ms', async (t) => {
  const startedAtMs = performance.now();
  const { report, gateway } = await load(t, { frame: ({ result }) => result(100) });
  t.equal(report.offered, 40, '2 cameras × 20 fps × 1 s');
  t.equal(report.results, 40);
  t.equal(total(gateway), 40);
  // How much longer depends on the machine.
  const { p50, max } = report.latency_ms;
  t.ok((p50 ?? 0) >= 99, `p50 ${p50} ms`);
  t.ok((max ?? Infinity) < performance.now() - startedAtMs, 'no frame took longer than the run');
  t.equal(report.jain, 1);
  t.equal(report.drop_latency_ms.max, null);
});

test('a stall of one second shows in all frames that were due during it', async (t) => {
  let received = 0;
  const stall = ({ result }: Arrival) => {
    received += 1;
    if (received === 60) {
      // Blocks the whole server: it neither reads nor replies.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
    result();
  };
  const { report } = await load(t, { frame: stall }, { durationMs: 4000 });
  t.equal(report.offered, 160, 'the schedule did not wait for the server');
  t.equal(report.results, 160);
  const { p90, p97_5, max } = report.latency_ms;
  // A quarter of the frames were due during the stall and waited from 1000 down to 0 ms. A closed loop would have sent two.
  t.ok((max ?? 0) >= 900, `max ${max}`);
  t.ok((p97_5 ?? 0) >= 750, `p97.5 ${p97_5}`);
  t.ok((p90 ?? 0) >= 400, `p90 ${p90}`);
  for (const { age_ms } of report.per_camera) t.ok(age_ms.max >= 950, `no new result for ${age_ms.max} ms`);
});

test('a server that drops every second frame shows in the counts', async (t) => {
  const { report, gateway } = await load(t, {
    frame: ({ index, result, drop }) => (index % 2 === 0 ? result(30) : drop(200)),
  });
  t.strictSame([report.results, report.dropped], [20, 20]);
  t.strictSame(
    report.per_camera.map(({ results, dropped, share }) => [results, dropped, share]),
    [
      [10, 10, 0.5],
      [10, 10, 0.5],
    ],
  );
  t.strictSame(gateway.received, [20, 20]);
  t.ok((report.latency_ms.p50 ?? 0) >= 29, 'results took 30 ms');
  t.ok((report.drop_latency_ms.p50 ?? 0) >= 199, 'drops took 200 ms');
});

test('a starved camera shows in the per-camera report', async (t) => {
  const { report } = await load(
    t,
    { frame: ({ connection, result, drop }) => (connection === 2 ? drop() : result()) },
    { groups: [{ cameras: 4, fps: 10 }] },
  );
  const starved = report.per_camera.filter(({ results }) => results === 0);
  t.equal(starved.length, 1);
  t.equal(report.jain, 0.75, 'three of four have the same count');
  t.ok((starved[0]?.age_ms.max ?? 0) >= 999, 'it never got a result');
});

test('groups have their own rates and latencies', async (t) => {
  let slow = 0;
  const { report } = await load(
    t,
    {
      frame: ({ bytes, result }) => {
        slow += bytes.length;
        result();
      },
    },
    {
      groups: [
        { cameras: 2, fps: 30 },
        { cameras: 2, fps: 3 },
      ],
      generators: 3,
    },
  );
  t.strictSame(
    report.groups.map(({ fps, offered, results }) => [fps, offered, results]),
    [
      [30, 60, 60],
      [3, 6, 6],
    ],
  );
  t.strictSame(
    report.per_camera.map(({ camera, group, fps, results }) => [camera, group, fps, results]),
    [
      [0, 0, 30, 30],
      [1, 0, 30, 30],
      [2, 1, 3, 3],
      [3, 1, 3, 3],
    ],
  );
  t.equal(report.generator.threads, 3);
  t.equal(slow, 66 * 4);
  t.equal(report.per_second.bytes_sent, 264);
});

test('slow_down is counted, and ignored unless cameras are adaptive', async (t) => {
  const warn = ({ index, socket, result }: Arrival) => {
    if (index === 9) socket.send('{"warning":"slow_down"}');
    result();
  };
  const { report } = await load(t, { frame: warn }, { durationMs: 2000 });
  t.equal(report.slow_down, 2);
  t.equal(report.offered, 80);
  const adaptive = (await load(t, { frame: warn }, { adaptive: true, durationMs: 2000 })).report;
  t.equal(adaptive.slow_down, 2);
  // How soon a camera slows down depends on the machine; schedule.test.ts tests by how much.
  t.ok(adaptive.offered < report.offered, `${adaptive.offered} offered`);
});

test('the run ends with the last reply, before the drain timeout', async (t) => {
  // A day: a run that waits for the timeout never ends.
  const { report } = await load(
    t,
    { frame: ({ result }) => result() },
    { durationMs: 500, drainTimeoutMs: 86_400_000 },
  );
  t.equal(report.results, 20);
});

test('frames of warm-up and ramp are sent and not counted', async (t) => {
  const { report, gateway } = await load(
    t,
    { frame: ({ result }) => result() },
    { phase: 'aligned', rampMs: 1000, warmUpMs: 500, durationMs: 1000 },
  );
  t.equal(report.offered, 40);
  // The first camera sends from the start, the second from halfway through the ramp.
  t.strictSame([...gateway.received].sort(), [40, 50]);
});

test('a camera that does not read is excluded from the figures', async (t) => {
  const { report, gateway } = await load(
    t,
    { frame: ({ result }) => result() },
    { slowReaders: { cameras: 1, fps: 50 }, durationMs: 1000, drainTimeoutMs: 200 },
  );
  t.strictSame([report.per_camera.length, report.offered, report.results], [2, 40, 40]);
  t.match(report.slow_readers, { cameras: 1, fps: 50, offered: 50, sent: 50, results: 0, unanswered: 50 });
  t.strictSame([...gateway.received].sort(), [20, 20, 50]);
});
