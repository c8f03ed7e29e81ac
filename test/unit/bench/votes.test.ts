/** What `bench:votes` calls right, wrong, and calibrated, on sightings that are made by hand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { judge } from '../../../bench/votes/accuracy.ts';
import { plain, plateOf, readClips } from '../../../bench/votes/clips.ts';
import type { ClipRun, Sighting } from '../../../bench/votes/run-clip.ts';

const plate = { id: 1, text: 'AB 123', box: [10, 10, 100, 20] };

function sighting(
  trackId: number,
  single: string,
  vote: string,
  score: number,
  more: Partial<Sighting> = {},
): Sighting {
  const read = { text: single, score };
  return { trackId, plate, single: read, vote: { text: vote, score }, exhaustive: vote, ...more };
}

function eventOf(id: number, text: string, isSettled: boolean) {
  return { type: 'plate', at_ms: 0, track_id: id, text, text_settled: isSettled };
}

test('counts wrong texts of frames and of events, by letters and digits', async (t) => {
  const run: ClipRun = {
    sightings: [
      sighting(1, 'AB123', 'AB123', 0.9),
      sighting(1, 'A8123', 'AB123', 0.9),
      sighting(2, 'A8123', 'A8123', 0.4),
      sighting(2, 'A8-123', 'A8123', 0.6, { exhaustive: 'AB 123' }),
      sighting(3, 'SIGN', 'SIGN', 0.9, { plate: undefined }),
    ],
    events: [eventOf(1, 'AB-123', true), eventOf(2, 'A8123', false), eventOf(3, 'SIGN', true)],
    reads: 5,
  };
  const { bins, ...figures } = judge([run], 0.5);
  t.match(figures, {
    tracks: 2,
    wrongFrames: { share: 0.75, of: 4 },
    wrongSureFrames: { share: 2 / 3, of: 3 },
    wrongEvents: { share: 0.5, of: 2 },
    wrongSettledEvents: { share: 0, of: 1 },
    otherEvents: 1,
    reported: { share: 1, of: 2 },
    rightOfLegible: { share: 1, of: 1 },
    changed: { share: 0, of: 1 },
  });
  t.match(bins, [
    { from: 0.2, to: 0.5, tracks: 0.5, score: 0.4, right: 0 },
    { from: 0.5, to: 0.7, tracks: 0.5, score: 0.6, right: 0 },
    { from: 0.9, to: 0.95, tracks: 1, score: 0.9, right: 1 },
  ]);
  t.ok(Math.abs(figures.calibrationError - (0.5 * 0.4 + 0.5 * 0.6 + 0.1) / 2) < 1e-9);
});

test('a settled text is changed if reading every frame ends with another one', async (t) => {
  const sightings = [sighting(1, 'A8123', 'A8123', 0.96, { exhaustive: 'AB123' })];
  const { changed, wrongSettledEvents } = judge([{ sightings, events: [eventOf(1, 'A8123', true)], reads: 1 }], 0.5);
  t.same([changed.share, wrongSettledEvents.share], [1, 1]);
});

test('a detection shows the plate that it overlaps', async (t) => {
  const box = { x: 12, y: 11, w: 100, h: 20, label: 'plate', score: 0.9 };
  const other = { id: 2, text: 'KX 777', box: [60, 10, 100, 20] };
  t.equal(plateOf(box, [other, plate]), plate);
  t.equal(plateOf({ ...box, x: 400 }, [plate]), undefined);
  t.equal(plateOf(box, []), undefined);
  t.equal(plain('ab-12 É'), 'AB12É');
});

test('reads clips at a frame rate', async (t) => {
  const dir = t.testdir({});
  mkdirSync(join(dir, '0001'));
  const object = { id: 1, text: 'AB 123', plate: plate.box, vehicle: [0, 0, 1, 1], visible: 1 };
  const hidden = { ...object, id: 2, plate: null };
  const frames = [0, 1, 2, 3, 4, 5].map((frame) => ({ frame, at_ms: frame * 33, objects: [object, hidden] }));
  const lines = [{ seed: 1, fps: 30, width: 1280, height: 720 }, ...frames].map((line) => JSON.stringify(line));
  writeFileSync(join(dir, '0001', 'truth.jsonl'), `${lines.join('\n')}\n`);
  const [clip] = readClips(dir, 10);
  t.same(
    clip?.frames.map(({ path, atMs }) => [path, atMs]),
    [
      [join(dir, '0001', '000000.jpg'), 0],
      [join(dir, '0001', '000003.jpg'), 99],
    ],
  );
  t.same(clip?.frames[0]?.plates, [plate]);
});
