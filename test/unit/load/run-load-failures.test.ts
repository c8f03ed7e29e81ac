/** Complete runs against servers that fail, misbehave or disappear, and runs that are stopped early. */
import { test } from 'tap';
import type { Progress } from '../../../src/load/messages.ts';
import { buildReport } from '../../../src/load/report.ts';
import { LoadRun } from '../../../src/load/run-load.ts';
import { type Arrival, startFakeGateway } from '../../support/fake-gateway.ts';
import { frames, load, plan, requireConsistentCounts, total } from '../../support/load-run.ts';
import { seededRandom } from '../../support/seeded-random.ts';

test('a session that ends with an error is counted by code, and the camera reconnects', async (t) => {
  const { report, gateway } = await load(
    t,
    {
      frame: ({ connection, index, socket, result }) => {
        if (connection !== 0 || index < 10) return result();
        socket.send('{"error":"pipeline_failure","detail":"YOLO inference failed"}');
        socket.close(1011);
      },
    },
    { durationMs: 2500 },
  );
  t.strictSame(report.error_codes, { pipeline_failure: 1 });
  t.strictSame(report.closes, { '1011': 1 });
  t.ok(report.errors >= 1, `${report.errors} frames were pending`);
  t.ok(report.not_sent >= 10, `${report.not_sent} due while disconnected`);
  t.equal(gateway.sockets.length, 3);
  const [affected] = [...report.per_camera].sort((a, b) => a.results - b.results);
  t.ok((affected?.results ?? 0) > 10, 'it got results again');
});

test('with a server that never replies the run ends after the drain timeout, all frames unanswered', async (t) => {
  const startedAtMs = performance.now();
  const { report } = await load(t, {}, { durationMs: 1000, drainTimeoutMs: 300 });
  t.ok(performance.now() - startedAtMs >= 1300);
  t.strictSame([report.offered, report.unanswered, report.results, report.jain], [40, 40, 0, null]);
  t.equal(report.latency_ms.p50, null);
});

test('replies after the drain timeout count as unanswered', async (t) => {
  const { report } = await load(
    t,
    { frame: ({ index, result }) => result(index < 10 ? 0 : 5000) },
    { durationMs: 1000, drainTimeoutMs: 200 },
  );
  t.strictSame([report.results, report.unanswered], [20, 20]);
});

test('an early stop reports what was measured until then', async (t) => {
  const gateway = await startFakeGateway(t, { frame: ({ result }) => result() });
  const enough = { progressed: (_: number, { results }: Progress) => void (results > 40 && run.stop()) };
  const run = new LoadRun({ ...plan, durationMs: 60_000 }, { url: gateway.url, frames }, enough);
  const report = buildReport(await run.outcome(), gateway.url.href, frames);
  requireConsistentCounts(t, report);
  t.ok(report.results > 40 && report.duration_s < 50, `${report.results} results in ${report.duration_s} s`);
  t.ok(Math.abs(report.per_second.offered - 40) < 10, 'rates use the measured time');
});

test('a stop before the measurement begins is an error', async (t) => {
  const gateway = await startFakeGateway(t, {});
  const run = new LoadRun({ ...plan, warmUpMs: 60_000 }, { url: gateway.url, frames });
  setTimeout(() => run.stop(), 300);
  await t.rejects(run.outcome(), { name: 'LoadError', message: 'stopped before the measurement began' });
});

test('a refused connection is one error line', async (t) => {
  const url = new URL('ws://127.0.0.1:9/ws/video/stream?pipeline_id=test');
  await t.rejects(new LoadRun(plan, { url, frames }).outcome(), {
    name: 'LoadError',
    message: `cannot open a stream at ${url.href}: connect ECONNREFUSED 127.0.0.1:9`,
  });
});

test('the run continues when some cameras are refused, and reports them', async (t) => {
  const { report } = await load(
    t,
    {
      opened: (socket, connection) => {
        if (connection === 0) return;
        socket.send('{"error":"server_busy","detail":"Too many sessions"}');
        socket.close(1013);
      },
      frame: ({ result }) => result(),
    },
    { durationMs: 2500 },
  );
  t.equal(report.results, 50);
  t.equal(report.not_sent, 50);
  t.strictSame(report.closes, { '1013': report.error_codes['server_busy'] }, 'it reconnected');
  t.equal(report.jain, 0.5);
});

type Misbehavior = (arrival: Arrival, random: () => number) => void;

/** What a misbehaving server may do with a frame, with its probability in percent. */
const misbehaviors: readonly (readonly [number, Misbehavior])[] = [
  [45, ({ result }, random) => result(random() * 400)],
  [25, ({ drop }) => drop()],
  [8, ({ socket }) => socket.send('{"warning":"slow_down"}')],
  [6, ({ socket }, random) => socket.send(`{"frame_index":${Math.floor(random() * 100)},"dropped":true}`)],
  [4, ({ socket, index }) => socket.send(`{"frame_index":${index},"error":"odd"}`)],
  [4, ({ socket }, random) => socket.send(Buffer.alloc(Math.floor(random() * 100)))],
  [1, ({ socket }) => socket.terminate()],
  [1, ({ socket }) => socket.close(1011)],
  [6, () => undefined],
];

for (const seed of [1, 2, 3]) {
  test(`counts stay consistent whatever a server does (seed ${seed})`, async (t) => {
    const random = seededRandom(seed);
    const misbehave = (arrival: Arrival) => {
      let left = random() * 100;
      const misbehavior = misbehaviors.find(([chance]) => {
        left -= chance;
        return left < 0;
      });
      misbehavior?.[1](arrival, random);
    };
    const { report, gateway } = await load(
      t,
      { frame: misbehave },
      { groups: [{ cameras: 6, fps: 30 }], drainTimeoutMs: 200, generators: 2, adaptive: seed === 3, durationMs: 2000 },
    );
    t.ok(report.sent >= total(gateway), 'sent frames may be lost, never invented');
    t.ok(report.results > 0 && report.dropped > 0 && report.errors > 0 && report.unexpected > 0);
  });
}
