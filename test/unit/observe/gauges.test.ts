/** Gauges show the state at the time of the scrape. */
import { test } from 'tap';
import { gauges } from '../../../src/observe/gauges.ts';
import type { BackpressureState } from '../../../src/status.ts';

const figures = { size: 4, ready: 3, busy: 2, timedOut: 1, inFlight: 3, held: 5, frameBytes: 640, generation: 3 };
const model = (provider: string) => ({ models: [{ name: 'plate-yolo', provider }] });

function read(name: string, changes: Partial<Parameters<typeof gauges>[0]> = {}) {
  const session = (pipelineId: string, state: BackpressureState) => ({ source: { pipelineId }, stateAt: () => state });
  const all = gauges({
    pool: {
      status: () => ({
        ...figures,
        engines: [],
        hosts: [{ limit: 4 }, { limit: 0 }],
        reports: [model('cuda'), model('cpu'), model('cuda')],
      }),
    },
    pipelines: new Map([
      ['plates', {}],
      ['pages', {}],
    ]),
    reloads: () => ({ succeeded: 2, failed: 1, issues: [] }),
    sessions: [session('plates', 'normal'), session('plates', 'critical'), session('plates', 'normal')],
    httpSessions: () => 2,
    openSockets: () => 7,
    limits: { maxSessions: 256, maxMemoryBytes: 1000, maxSockets: 872 },
    ...changes,
  });
  return all
    .find((metric) => metric.name === name)
    ?.read()
    .map(({ labels, value }) => [...Object.values(labels ?? {}), value]);
}

test('sessions are counted by pipeline and state, with zeros', async (t) => {
  t.strictSame(read('framegate_sessions'), [
    ['plates', 'normal', 2],
    ['plates', 'warning', 0],
    ['plates', 'critical', 1],
    ['pages', 'normal', 0],
    ['pages', 'warning', 0],
    ['pages', 'critical', 0],
  ]);
});

test('ready, busy and missing workers add up to the target', async (t) => {
  t.strictSame(read('framegate_workers'), [
    ['ready', 1],
    ['busy', 2],
    ['timed_out', 1],
    ['missing', 1],
  ]);
  t.strictSame(read('framegate_workers_target'), [[4]]);
});

test('while a pipeline is loaded there may be one worker more than the target, and none is missing', async (t) => {
  const pool = { status: () => ({ ...figures, ready: 5, reports: [], hosts: [], engines: [] }) };
  t.strictSame(read('framegate_workers', { pool })?.at(-1), ['missing', 0]);
});

test('models are counted by provider', async (t) => {
  t.strictSame(read('framegate_model_info'), [
    ['plate-yolo', 'cuda', 2],
    ['plate-yolo', 'cpu', 1],
  ]);
});

test('the other gauges are the figures of the pool, the sockets, and the limits', async (t) => {
  for (const [name, value] of [
    ['framegate_running_frames', 3],
    ['framegate_held_frames', 5],
    ['framegate_generation', 3],
    ['framegate_frame_memory_bytes', 640],
    ['framegate_http_sessions', 2],
    ['framegate_open_sockets', 7],
    ['framegate_max_sessions', 256],
    ['framegate_memory_limit_bytes', 1000],
    ['framegate_max_sockets', 872],
  ] as const)
    t.strictSame(read(name), [[value]], name);
});

test('reloads are counted by outcome', async (t) => {
  t.strictSame(read('framegate_reloads_total'), [
    ['succeeded', 2],
    ['failed', 1],
  ]);
});
