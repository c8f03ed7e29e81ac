/** One camera on a real socket: latency counts from the intended time, and every frame is accounted for. */
import { type Test, test } from 'tap';
import { Camera, maxLateMs, maxUnsentBytes } from '../../../src/load/camera.ts';
import { nowMs } from '../../../src/load/clock.ts';
import { emptyLatencies, type Latencies, summarizeLatencies } from '../../../src/load/latency.ts';
import { type Clock, emptyGroupLatencies } from '../../../src/load/messages.ts';
import { type FakeBehavior, startFakeGateway } from '../../support/fake-gateway.ts';
import { eventually } from '../../support/vital-signs.ts';

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);

interface Setup {
  readonly camera: Camera;
  readonly results: Latencies;
  readonly late: Latencies;
}

/** A connected camera at ten frames per second. */
async function openCamera(t: Test, behavior: FakeBehavior, frames = [jpeg], adaptive = false) {
  const gateway = await startFakeGateway(t, behavior);
  const latencies = emptyGroupLatencies();
  const late = emptyLatencies();
  const spec = { camera: 0, group: 0, fps: 10, phaseMs: 0, joinMs: 0, reads: true };
  const camera = new Camera(spec, { url: gateway.url.href, frames, adaptive, latencies, late });
  t.equal(await camera.opened, undefined);
  return { camera, gateway, results: latencies.results, late } satisfies Setup & Record<string, unknown>;
}

/** A clock that started some time ago, as seen by a delayed generator. */
function clockSince(agoMs: number): Clock {
  const startMs = nowMs() - agoMs;
  return { baseMs: startMs, startMs, endMs: startMs + 60_000 };
}

/** Starts a camera's clock some time ago, and sends what is due since then. */
function beginLate(camera: Camera, agoMs: number): void {
  const clock = clockSince(agoMs);
  camera.begin(clock);
  // Not the current time: on a busy machine, another frame may be due by now.
  camera.sendDue(clock.startMs + agoMs);
}

test('generator delay counts as latency and is reported', async (t) => {
  const { camera, results, late } = await openCamera(t, { frame: ({ result }) => result() });
  beginLate(camera, 850);
  await eventually(
    () => camera.counts.results,
    (count) => count === 9,
    'all results',
  );
  const { offered, sent, notSent } = await camera.finish();
  t.strictSame([offered, sent, notSent], [9, 9, 0], 'frames due at 0, 100, …, 800 ms are all offered');
  for (const latencies of [results, late]) {
    const summary = summarizeLatencies(latencies);
    t.ok((summary?.max ?? 0) >= 850, `${summary?.max} ms: the first was due at the start`);
    t.ok((summary?.p50 ?? 0) >= 450, `${summary?.p50} ms: the middle one was due half-way`);
  }
});

test('frames that the generator reaches much too late are offered and not sent', async (t) => {
  const { camera, late } = await openCamera(t, { frame: ({ result }) => result() });
  beginLate(camera, maxLateMs + 1050);
  const { offered, sent, notSent } = await camera.finish();
  t.equal(offered, 21);
  t.equal(sent + notSent, 21);
  t.ok(notSent >= 11 && sent <= 10, `${notSent} not sent: the frames due in the first second`);
  t.ok((summarizeLatencies(late)?.max ?? 0) >= maxLateMs + 1050);
});

test('frames that the network does not accept are offered and not sent', async (t) => {
  const frame = Buffer.alloc(maxUnsentBytes * 8, jpeg);
  const { camera, gateway } = await openCamera(t, { opened: (socket) => socket.pause() }, [frame]);
  beginLate(camera, 950);
  const counts = { ...camera.counts };
  t.equal(counts.offered, 10);
  t.equal(counts.sent + counts.notSent, 10);
  t.ok(counts.sent >= 1, `${counts.sent} sent until the limit was reached`);
  t.ok(counts.notSent >= 1, `${counts.notSent} not sent: they exceed every buffer`);
  t.equal(counts.bytesSent, counts.sent * frame.length);
  gateway.sockets[0]?.terminate();
  await eventually(
    () => camera.counts.errors,
    (errors) => errors === counts.sent,
    'one error per sent frame',
  );
  const { unanswered, errors } = await camera.finish();
  t.strictSame([unanswered, errors], [0, counts.sent], 'each frame is counted once');
});

test('frames before the clock starts are sent and not counted', async (t) => {
  const { camera, gateway } = await openCamera(t, { frame: ({ result }) => result() });
  const baseMs = nowMs() - 850;
  camera.begin({ baseMs, startMs: baseMs + 300, endMs: baseMs + 60_000 });
  camera.sendDue(baseMs + 850);
  await eventually(
    () => gateway.received[0],
    (received) => received === 9,
    'nine frames',
  );
  await eventually(
    () => camera.pending,
    (pending) => pending === 0,
    'their replies',
  );
  const { offered, results, age } = await camera.finish();
  t.strictSame([offered, results], [6, 6], 'frames due at 300 to 800 ms');
  t.ok(age.maxMs >= 0);
});

test('no frame is offered after the clock ends', async (t) => {
  const { camera } = await openCamera(t, { frame: ({ result }) => result() });
  const baseMs = nowMs() - 850;
  camera.begin({ baseMs, startMs: baseMs, endMs: baseMs + 500 });
  camera.sendDue(nowMs());
  t.equal(camera.counts.offered, 5, 'frames due at 0, 100, …, 400 ms: the end is exclusive');
  t.equal(camera.dueMs, Number.POSITIVE_INFINITY);
  await camera.finish();
});

test('replies to unknown frames and duplicate replies count as unexpected only', async (t) => {
  const { camera } = await openCamera(t, {
    frame: ({ socket, result, drop }) => {
      result();
      drop();
      socket.send('{"frame_index":99,"dropped":true}');
      socket.send('no JSON');
      socket.send(Buffer.from('{"frame_index":0,"dropped":true}'));
    },
  });
  beginLate(camera, 50);
  await eventually(
    () => camera.counts.unexpected,
    (unexpected) => unexpected === 4,
    'four messages',
  );
  const { results, dropped, unanswered } = await camera.finish();
  t.strictSame([results, dropped, unanswered], [1, 0, 0]);
});

test('a disconnected camera counts its pending frames as errors, reconnects, and restarts its frame index', async (t) => {
  let frames = 0;
  const { camera, gateway } = await openCamera(t, {
    frame: ({ socket, index, result }) => {
      frames += 1;
      if (frames < 3) return;
      if (frames > 3) return result();
      t.equal(index, 2);
      socket.send('{"error":"pipeline_failure","detail":"broken"}');
      socket.close(1011);
    },
  });
  const clock = clockSince(250);
  camera.begin(clock);
  camera.sendDue(clock.startMs + 250);
  t.equal(camera.counts.sent, 3);
  await eventually(
    () => camera.counts.errors,
    (errors) => errors === 3,
    'three errors',
  );
  const ticking = setInterval(() => camera.sendDue(nowMs()), 20);
  await eventually(
    () => gateway.sockets.length,
    (sockets) => sockets === 2,
    'a second connection',
  );
  await eventually(
    () => camera.counts.results,
    (results) => results >= 3,
    'results again',
  );
  clearInterval(ticking);
  const tally = await camera.finish();
  t.strictSame(tally.errorCodes, { pipeline_failure: 1 });
  t.strictSame(tally.closes, { '1011': 1 });
  t.ok(tally.notSent > 0, 'frames due while it was disconnected were not sent');
  t.equal(tally.offered, tally.sent + tally.notSent);
  t.equal(tally.sent, tally.results + tally.dropped + tally.errors + tally.unanswered);
});

test('an adaptive camera halves its rate on slow_down', async (t) => {
  const { camera } = await openCamera(
    t,
    { frame: ({ socket }) => socket.send('{"warning":"slow_down"}') },
    [jpeg],
    true,
  );
  beginLate(camera, 850);
  const beforeMs = camera.dueMs;
  await eventually(
    () => camera.counts.slowDowns,
    (count) => count === 9,
    'nine warnings',
  );
  t.ok(camera.dueMs > beforeMs + 50, 'the next frame is due later than before');
  await camera.finish();
});

test('a refused connection is reported with its error code', async (t) => {
  const latencies = emptyGroupLatencies();
  const spec = { camera: 0, group: 0, fps: 10, phaseMs: 0, joinMs: 0, reads: true };
  const parts = { frames: [jpeg], adaptive: false, latencies, late: emptyLatencies() };
  for (const host of ['127.0.0.1', 'localhost']) {
    const camera = new Camera(spec, { ...parts, url: `ws://${host}:9/` });
    t.match(await camera.opened, /ECONNREFUSED/, host);
    await camera.finish();
  }
});

test("a server's refusal is reported with its code and detail", async (t) => {
  const gateway = await startFakeGateway(t, {
    opened: (socket) => {
      socket.send('{"error":"server_busy","detail":"Too many sessions"}');
      socket.close(1013);
    },
  });
  const latencies = emptyGroupLatencies();
  const spec = { camera: 0, group: 0, fps: 10, phaseMs: 0, joinMs: 0, reads: true };
  const camera = new Camera(spec, {
    url: gateway.url.href,
    frames: [jpeg],
    adaptive: false,
    latencies,
    late: emptyLatencies(),
  });
  t.equal(await camera.opened, 'server_busy: Too many sessions');
  await camera.finish();
});
