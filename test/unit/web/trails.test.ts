/** Where tracks were in the last seconds. */
import { test } from 'tap';
import { maxPlaces, maxTrails, Trails, trailMs } from '../../../src/web/trails.ts';

const box = (id: number, x: number) => ({ track_id: id, x, y: 20, w: 10, h: 4 });
const xs = (trails: Trails, id: number) => trails.trails.get(id)?.map(({ x }) => x);

test('a trail has the middles of the lower sides of the boxes, oldest first', async (t) => {
  const trails = new Trails();
  trails.add([box(1, 0), box(2, 100)], 0);
  trails.add([box(1, 10)], 100);
  t.strictSame(trails.trails.get(1), [
    { x: 5, y: 24, atMs: 0 },
    { x: 15, y: 24, atMs: 100 },
  ]);
  t.strictSame(xs(trails, 2), [105]);
});

test('a box without a track and a predicted box leave no trail', async (t) => {
  const trails = new Trails();
  trails.add(
    [
      { x: 0, y: 0, w: 1, h: 1 },
      { ...box(1, 0), lost_ms: 40 },
    ],
    0,
  );
  t.equal(trails.trails.size, 0);
  trails.add([{ ...box(1, 0), lost_ms: 0 }], 0);
  t.equal(trails.trails.size, 1);
});

test('places fade by time, and so does the trail of a track that is gone', async (t) => {
  const trails = new Trails();
  for (let atMs = 0; atMs <= trailMs; atMs += 500) trails.add([box(1, atMs)], atMs);
  t.equal(xs(trails, 1)?.[0], 505, 'the first place is as old as a trail gets');
  trails.add([], trailMs + 1000);
  t.equal(xs(trails, 1)?.[0], 1505);
  trails.add([], 3 * trailMs);
  t.equal(trails.trails.size, 0);
});

for (const stepMs of [0, 1, 7, 17, 26, 33, 49, 51, 200]) {
  test(`memory is bounded with a frame every ${stepMs} ms`, async (t) => {
    const trails = new Trails();
    for (let frame = 0; frame < 2000; frame++) trails.add([box(1, frame)], frame * stepMs);
    const places = trails.trails.get(1) ?? [];
    t.ok(places.length <= maxPlaces, `${places.length} places`);
    t.equal(places.at(-1)?.x, 2004, 'the trail reaches the newest box');
  });
}

test('a path is not thinned out more than it has to be', async (t) => {
  const trails = new Trails();
  for (let frame = 0; frame < 300; frame++) trails.add([box(1, frame)], frame * 33);
  t.ok((trails.trails.get(1)?.length ?? 0) > 40);
});

test(`at most ${maxTrails} tracks have a trail, and a new one gets its turn when others have faded`, async (t) => {
  const trails = new Trails();
  trails.add(
    Array.from({ length: 5000 }, (_, id) => box(id, id)),
    0,
  );
  t.equal(trails.trails.size, maxTrails);
  trails.add([box(9999, 1)], trailMs);
  trails.add([box(9999, 1)], trailMs + 1);
  t.strictSame([...trails.trails.keys()], [9999]);
});

test('cleared, there is no trail', async (t) => {
  const trails = new Trails();
  trails.add([box(1, 0)], 0);
  trails.clear();
  t.equal(trails.trails.size, 0);
});
