/** When a source is played again: with snapshot cameras, which need no ffmpeg. */
import { type Test, test } from 'tap';
import { FrameBuffers } from '../../../src/camera/captured-frame.ts';
import { readSource } from '../../../src/camera/source.ts';
import { type SourceState, SourceSupervisor, type SupervisorOptions } from '../../../src/camera/source-supervisor.ts';
import { eventually } from '../../support/camera-run.ts';
import { numberedFrame } from '../../support/numbered-frames.ts';
import { type SnapshotOptions, startSnapshotCamera } from '../../support/snapshot-camera.ts';

const image = () => numberedFrame(1);

function sourceOf(text: string) {
  const read = readSource(text);
  if (!read.ok) throw new Error(read.issue);
  return read.source;
}

async function supervise(t: Test, camera: SnapshotOptions, options: Partial<SupervisorOptions> = {}) {
  const { url } = await startSnapshotCamera(t, camera);
  const states: SourceState[] = [];
  const repairs: string[] = [];
  const counts = { frames: 0, discards: 0 };
  const supervisor = new SourceSupervisor({
    ...{ source: sourceOf(url), capture: { fps: 50 }, version: { major: 6, minor: 0 } },
    ...{ isEncoded: false, stallTimeoutMs: 20_000, buffers: new FrameBuffers(), reconnects: true },
    inspect: async () => true,
    onStateChange: (state) => states.push(state),
    onFrame: () => {
      counts.frames += 1;
    },
    onInvalidFrame: () => undefined,
    onRepair: (detail) => repairs.push(detail),
    discardFrames: () => {
      counts.discards += 1;
    },
    ...options,
  });
  t.teardown(() => supervisor.stop());
  const isIn = (wanted: SourceState['state']) =>
    eventually(`the state ${wanted}`, () => states.at(-1)?.state === wanted);
  return { supervisor, states, repairs, counts, isIn };
}

test('a camera that fails is tried again, and is live with its first frame', async (t) => {
  const answer: SnapshotOptions['answer'] = (response, index) => {
    if (index === 0) response.writeHead(503).end();
    return index === 0;
  };
  const { supervisor, states, counts, isIn } = await supervise(t, { image, answer });
  const end = supervisor.run();
  await isIn('live');
  t.match(states, [
    { state: 'opening' },
    { state: 'waiting', detail: '503 Service Unavailable' },
    { state: 'opening' },
    { state: 'live', mode: 'copy', keepsRate: true },
  ]);
  const [, waiting] = states;
  const retryInMs = waiting?.state === 'waiting' ? waiting.retryInMs : 0;
  t.ok(retryInMs >= 250 && retryInMs <= 500, `${retryInMs} ms: the first delay, with jitter`);
  t.ok(counts.frames > 0);
  supervisor.stop();
  t.strictSame(await end, { type: 'done', detail: 'stopped' });
});

test('the delay doubles while there is no frame', async (t) => {
  const { supervisor, states } = await supervise(t, { answer: (response) => Boolean(response.writeHead(500).end()) });
  const end = supervisor.run();
  const delays = () => states.flatMap((state) => (state.state === 'waiting' ? [state.retryInMs] : []));
  await eventually('three failures', () => delays().length === 3);
  supervisor.stop();
  t.match(await end, { type: 'done' });
  for (const [index, delayMs] of delays().entries()) {
    t.ok(delayMs >= 250 * 2 ** index && delayMs <= 500 * 2 ** index, `${delayMs} ms after failure ${index + 1}`);
  }
});

test('a lost camera: captured frames are discarded, and the delay starts again', async (t) => {
  const answer: SnapshotOptions['answer'] = (response, index) => {
    if (index === 2) response.writeHead(503).end();
    return index === 2;
  };
  const { supervisor, states, counts } = await supervise(t, { image, answer });
  void supervisor.run();
  await eventually('live again', () => states.filter(({ state }) => state === 'live').length === 2);
  t.equal(counts.discards, 1);
  const waiting = states.find((state) => state.state === 'waiting');
  t.ok(waiting?.state === 'waiting' && waiting.retryInMs <= 500);
});

test('an error that a retry cannot mend ends the source at once', async (t) => {
  const { supervisor, states } = await supervise(t, { answer: (response) => Boolean(response.writeHead(403).end()) });
  t.match(await supervisor.run(), { type: 'failed', detail: /^403 Forbidden/ });
  t.strictSame(states, [{ state: 'opening' }]);
});

test('without reconnecting, the first failure is the end', async (t) => {
  const answer: SnapshotOptions['answer'] = (response) => Boolean(response.writeHead(503).end());
  const { supervisor, states } = await supervise(t, { answer }, { reconnects: false });
  t.strictSame(await supervisor.run(), { type: 'failed', detail: '503 Service Unavailable' });
  t.strictSame(states, [{ state: 'opening' }]);
});

test('an address that never looks like a camera is given up after three attempts', async (t) => {
  const { supervisor, states } = await supervise(t, { type: 'text/html', image: () => Buffer.from('<html>') });
  t.match(await supervisor.run(), { type: 'failed' });
  t.equal(states.filter(({ state }) => state === 'opening').length, 3);
});

test('a stop ends the delay', async (t) => {
  const { supervisor, states, isIn } = await supervise(t, { answer: (response) => Boolean(response.destroy()) });
  const end = supervisor.run();
  await isIn('waiting');
  supervisor.stop();
  t.strictSame(await end, { type: 'done', detail: 'stopped' });
  t.equal(states.at(-1)?.state, 'waiting', 'no further attempt');
});

test('re-encoding is reported once, and only for a live source that is passed through', async (t) => {
  const live = await supervise(t, { image });
  live.supervisor.reencode('it is rejected');
  live.supervisor.reencode('it is rejected again');
  t.strictSame(live.repairs, ['it is rejected; re-encoding frames']);
  const encoded = await supervise(t, { image }, { isEncoded: true });
  const file = await supervise(t, { image }, { source: sourceOf(import.meta.filename) });
  for (const { supervisor, repairs } of [encoded, file]) {
    supervisor.reencode('it is rejected');
    t.strictSame(repairs, []);
  }
});
