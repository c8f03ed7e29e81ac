/** The state has few, whole numbers, and gives the same tracks back. */
import { test } from 'tap';
import { predict, startTrack } from '../../../src/tracking/track.ts';
import {
  fieldCount,
  maxTracks,
  noTracks,
  readTracks,
  trackerStateSchema,
  writeTracks,
} from '../../../src/tracking/track-state.ts';
import { defaultTuning } from '../../../src/tracking/tuning.ts';

const box = { x: 960.04, y: 540.26, w: 93.33, h: 31.11 };
const track = startTrack(7, 'plate', box, 1_000, defaultTuning.models);

test('tracks are written and read to a tenth of a pixel', async (t) => {
  const state = writeTracks(8, [track, { ...track, id: 0, label: 'car' }, track]);
  t.strictSame(state.labels, ['plate', 'car']);
  t.equal(state.next, 8);
  const [first, second, ...rest] = readTracks(JSON.parse(JSON.stringify(state)));
  t.equal(rest.length, 1);
  t.strictSame([first?.label, second?.label, second?.id], ['plate', 'car', 0]);
  t.match(first, { id: 7, bornMs: 1_000, seenMs: 1_000, x: 960, y: 540.3, w: 93.3, h: 31.1 });
  t.ok(trackerStateSchema.safeParse(state).success);
});

test('what was read is written as before', async (t) => {
  const later = predict({ ...track, vx: -12.34, vy: 0.04, growth: -0.1 }, 0.7, defaultTuning.models);
  const state = writeTracks(8, [later]);
  t.strictSame(writeTracks(8, readTracks(state)), state);
});

test('a hundred tracks take less than 10 KB', async (t) => {
  const many = Array.from({ length: 100 }, (_, index) => ({
    ...predict({ ...track, vx: -123.4, vy: 99.9 }, 1, defaultTuning.models),
    id: 10_000 + index,
    bornMs: 86_400_000,
    seenMs: 86_400_500,
  }));
  t.ok(JSON.stringify(writeTracks(10_100, many)).length < 10_000);
});

test('a state with other numbers is refused', async (t) => {
  const { tracks } = writeTracks(2, [track]);
  const refused = [
    { ...noTracks, next: 0 },
    { ...noTracks, tracks: tracks.slice(1) },
    { ...noTracks, tracks: tracks.map(() => 0.5) },
    { ...noTracks, tracks: tracks.map(() => Number.NaN) },
    { ...noTracks, tracks: new Array(fieldCount * (maxTracks + 1)).fill(0) },
    { ...noTracks, labels: ['x'.repeat(100)] },
    { ...noTracks, other: 1 },
    null,
  ];
  for (const state of refused) t.notOk(trackerStateSchema.safeParse(state).success);
  t.ok(trackerStateSchema.safeParse(noTracks).success);
});
