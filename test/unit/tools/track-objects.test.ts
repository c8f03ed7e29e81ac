/** The tool keeps nothing of a session: a thousand sessions through one instance do not mix. */
import tap, { test } from 'tap';
import type { Detection } from '../../../src/protocol.ts';
import type { Moment, StatefulInstance } from '../../../src/tools/tool.ts';
import { trackObjects } from '../../../src/tools/track-objects.ts';
import { noTracks, type TrackerState } from '../../../src/tracking/track-state.ts';
import { toolContext } from '../../support/tool-context.ts';

const image = { width: 640, height: 480, channels: 3, data: new Uint8Array() } as const;

async function create(params: object = {}): Promise<StatefulInstance<TrackerState>> {
  return (await trackObjects.create(
    trackObjects.params.parse(params),
    toolContext(tap),
  )) as StatefulInstance<TrackerState>;
}

function momentOf(state: TrackerState, sessionMs: number, elapsedMs?: number): Moment<TrackerState> {
  return { state, clock: { sessionMs, elapsedMs, unixMs: 1_700_000_000_000 + sessionMs } };
}

function box(x: number, more: Partial<Detection> = {}): Detection {
  return { x, y: 100, w: 60, h: 20, label: 'plate', score: 0.9, ...more };
}

test('a thousand sessions through one instance do not mix', async (t) => {
  const tool = await create();
  const states = new Array<TrackerState>(1000).fill(noTracks);
  for (const nowMs of [0, 100, 200]) {
    for (const [session, state] of states.entries()) {
      const detections = Array.from({ length: 1 + (session % 4) }, (_, index) => box(index * 150 + (session % 50)));
      const step = await tool.run({ image, detections }, momentOf(state, nowMs, nowMs === 0 ? undefined : 100));
      states[session] = step.state;
      const ids = step.outputs.detections?.map(({ track_id }) => track_id);
      if (nowMs === 200)
        t.strictSame(
          ids,
          detections.map((_, index) => index + 1),
        );
    }
  }
});

test('a detection keeps all its keys, and the inputs are not changed', async (t) => {
  const tool = await create();
  const plate = Object.freeze(box(10, { text: 'AB 123', text_score: 0.9, angle: 0.1 }));
  const { outputs } = await tool.run({ image, detections: [plate] }, momentOf(noTracks, 0));
  t.strictSame(outputs.detections, [{ ...plate, track_id: 1, age_ms: 0 }]);
  t.match(outputs.tracks, [
    { track_id: 1, label: 'plate', x: 10, y: 100, w: 60, h: 20, vx: 0, vy: 0, age_ms: 0, lost_ms: 0 },
  ]);
});

test('params', async (t) => {
  const parse = (params: object) => trackObjects.params.safeParse(params);
  t.ok(parse({}).success);
  t.notOk(parse({ max_tracks: 201 }).success);
  t.notOk(parse({ lost_ms: -1 }).success);
  t.notOk(parse({ lost: 1 }).success);
  t.match(parse({ low_score: 0.6 }).error?.issues, [{ message: 'low_score must not be above high_score' }]);
  t.match(parse({ high_score: 0.7 }).error?.issues, [{ message: 'confirm_score must not be below high_score' }]);
  const tool = await create({ lost_ms: 100, confirm_score: 1 });
  const first = await tool.run({ image, detections: [box(10)] }, momentOf(noTracks, 0));
  t.strictSame(first.outputs.tracks, [], 'confirmed by the second detection');
});

test('the first frame, and frames without detections', async (t) => {
  const tool = await create();
  const { outputs, state } = await tool.run({ image }, momentOf(noTracks, 0));
  t.strictSame([outputs, state], [{ detections: [], tracks: [] }, noTracks]);
});
