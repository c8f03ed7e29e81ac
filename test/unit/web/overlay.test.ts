/** What is drawn of boxes and tracks. */
import { test } from 'tap';
import type { Track } from '../../../src/client/index.ts';
import { cornersOf, tracksWithout } from '../../../src/web/overlay.ts';

const box = { x: 10, y: 20, w: 30, h: 40, label: 'plate', score: 0.834 };

test('a rotated box has its own corners', async (t) => {
  const quad = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ] as const;
  t.strictSame(cornersOf({ ...box, quad }), quad);
  t.strictSame(cornersOf(box), [
    [10, 20],
    [40, 20],
    [40, 60],
    [10, 60],
  ]);
});

const track = (id: number, lostMs = 0): Track => ({ ...box, track_id: id, vx: 0, vy: 0, age_ms: 1, lost_ms: lostMs });

test('a track is drawn itself if no detection of the frame belongs to it', async (t) => {
  const tracks = [track(1), track(2, 300), track(3)];
  t.strictSame(tracksWithout([{ ...box, track_id: 1 }, box], tracks), [tracks[1], tracks[2]]);
  t.strictSame(tracksWithout([], tracks), tracks);
});
