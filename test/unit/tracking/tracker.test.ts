/** Objects keep their ids through drops, crossings and misses; an id is never used again. */
import fc from 'fast-check';
import { test } from 'tap';
import type { Detection } from '../../../src/protocol.ts';
import { fieldCount, noTracks, trackerStateSchema } from '../../../src/tracking/track-state.ts';
import { type Tracked, Tracker, type TrackerParams } from '../../../src/tracking/tracker.ts';
import { defaultTuning } from '../../../src/tracking/tuning.ts';

const params: TrackerParams = {
  lostMs: 1500,
  lowScore: 0.1,
  highScore: 0.5,
  confirmScore: 0.6,
  maxTracks: 100,
  sameLabel: true,
  speed: 10,
};
const size = { width: 1280, height: 720 };

function car(x: number, y: number, more: Partial<Detection> = {}): Detection {
  return { x, y, w: 80, h: 60, label: 'car', score: 0.9, ...more };
}

/** A session: frames at the given times. */
class Session {
  readonly #tracker: Tracker;
  #state = noTracks;
  #lastMs: number | undefined;

  constructor(changed: Partial<TrackerParams> = {}) {
    this.#tracker = new Tracker({ ...params, ...changed }, defaultTuning);
  }

  frame(nowMs: number, detections: readonly Detection[]): Tracked {
    const elapsedMs = nowMs - (this.#lastMs ?? nowMs);
    const result = this.#tracker.step(this.#state, { detections, ...size, nowMs, elapsedMs });
    this.#state = JSON.parse(JSON.stringify(result.state));
    this.#lastMs = nowMs;
    return result;
  }

  ids(nowMs: number, detections: readonly Detection[]): (number | undefined)[] {
    return this.frame(nowMs, detections).detections.map(({ track_id }) => track_id);
  }
}

test('objects get 1, 2, 3, and keep them', async (t) => {
  const session = new Session();
  t.strictSame(session.ids(0, [car(100, 100), car(500, 100)]), [1, 2]);
  t.strictSame(session.ids(66, [car(505, 100), car(103, 100)]), [2, 1]);
  t.strictSame(session.ids(133, [car(106, 100), car(800, 400), car(510, 100)]), [1, 3, 2]);
});

test('crossing objects keep their ids at any frame rate', async (t) => {
  for (const ms of [33, 66, 100, 200]) {
    const session = new Session();
    let ids: (number | undefined)[] = [];
    for (let at = 0; at <= 3000; at += ms) {
      ids = session.ids(at, [car(100 + at / 4, 300), car(900 - at / 4, 330)]);
    }
    t.strictSame(ids, [1, 2], `${ms} ms`);
  }
});

test('an object whose boxes do not overlap from frame to frame keeps its id', async (t) => {
  const session = new Session();
  for (const at of [0, 200, 700, 900, 1500, 1700])
    t.strictSame(session.ids(at, [car(10 + at * 0.55, 300)]), [1], `${at} ms`);
});

test('low scores continue tracks but start none, and are left out otherwise', async (t) => {
  const session = new Session();
  session.frame(0, [car(100, 100)]);
  const { detections } = session.frame(66, [car(101, 100, { score: 0.2 }), car(700, 100, { score: 0.2 })]);
  t.match(detections, [{ track_id: 1, score: 0.2, age_ms: 66 }]);
  t.equal(detections.length, 1);
  t.strictSame(session.frame(133, [car(101, 100, { score: 0.05 })]).detections, []);
});

test('a track of a middling score is confirmed by the second detection', async (t) => {
  const session = new Session();
  const first = session.frame(0, [car(100, 100, { score: 0.55 })]);
  t.strictSame(first.detections, [car(100, 100, { score: 0.55 })], 'it is reported, without an id');
  t.strictSame(first.tracks, []);
  const second = session.frame(66, [car(101, 100, { score: 0.55 })]);
  t.match(second.detections, [{ track_id: 1, age_ms: 66 }]);
  t.match(second.tracks, [{ track_id: 1, age_ms: 66, lost_ms: 0 }]);
});

test('a track of a middling score that is not detected again leaves nothing behind', async (t) => {
  const session = new Session();
  session.frame(0, [car(100, 100, { score: 0.55 })]);
  session.frame(66, []);
  t.strictSame(session.ids(133, [car(100, 100)]), [1], 'no number was spent');
});

test('slow objects are not looked for far away', async (t) => {
  for (const [speed, id] of [
    [10, 1],
    [1, 2],
  ] as const) {
    const session = new Session({ speed });
    session.frame(0, [car(100, 100)]);
    t.strictSame(session.ids(200, [car(300, 100)]), [id], `${speed} sizes per second`);
  }
});

test('a lost track moves on, and ends for good', async (t) => {
  const session = new Session();
  for (let at = 0; at <= 600; at += 100) session.frame(at, [car(100 + at / 2, 100)]);
  const [lost] = session.frame(1000, []).tracks;
  t.match(lost, { track_id: 1, lost_ms: 400, age_ms: 1000 });
  t.ok(Math.abs((lost?.x ?? 0) - 600) < 30 && Math.abs((lost?.vx ?? 0) - 500) < 60, JSON.stringify(lost));
  t.strictSame(session.frame(2101, []).tracks, [], 'after 1501 ms');
  t.strictSame(session.ids(2200, [car(400, 100)]), [2]);
});

test('a track that has left the frame ends', async (t) => {
  const session = new Session();
  for (let at = 0; at <= 500; at += 100) session.frame(at, [car(1000 + at / 2, 100)]);
  t.equal(session.frame(550, []).tracks.length, 1);
  t.equal(session.frame(700, []).tracks.length, 0);
});

test('labels', async (t) => {
  t.strictSame([new Session().ids(0, [car(1, 1)]), new Session({ sameLabel: false }).ids(0, [car(1, 1)])], [[1], [1]]);
  const [strict, loose] = [new Session(), new Session({ sameLabel: false })];
  for (const session of [strict, loose]) session.frame(0, [car(100, 100)]);
  const truck = car(101, 100, { label: 'truck' });
  t.strictSame(strict.ids(66, [truck]), [2]);
  const changed = loose.frame(66, [truck]);
  t.match(changed.detections, [{ track_id: 1, label: 'truck' }]);
  t.match(changed.tracks, [{ track_id: 1, label: 'truck' }]);
});

test('after a gap, objects that stood still go on, unless it is very long', async (t) => {
  const [short, long] = [new Session(), new Session()];
  for (const session of [short, long]) for (let at = 0; at <= 500; at += 100) session.frame(at, [car(300, 300)]);
  t.strictSame(short.ids(3500, [car(302, 300)]), [1], '3 s, although the track would have ended in between');
  t.strictSame(long.ids(1e9, [car(302, 300)]), [2]);
});

test('two frames at the same time are like two pictures of it', async (t) => {
  const session = new Session();
  session.frame(50, [car(300, 300)]);
  t.strictSame(session.ids(50, [car(301, 300)]), [1]);
});

const bus = { w: 300, h: 240 };

test('when all places are taken, the longest lost tracks give way to the best newcomers', async (t) => {
  const session = new Session({ maxTracks: 3 });
  session.frame(0, [car(0, 0), car(300, 0), car(600, 0)]);
  session.frame(100, [car(300, 0), car(600, 0)]);
  const { detections, tracks } = session.frame(200, [
    car(600, 0),
    car(900, 400, { ...bus, score: 0.7 }),
    car(0, 500, { ...bus, score: 0.95 }),
    car(300, 500, { ...bus, score: 0.8 }),
  ]);
  t.strictSame(
    detections.map(({ track_id }) => track_id),
    [3, undefined, 4, 5],
  );
  t.strictSame(
    tracks.map(({ track_id }) => track_id),
    [3, 4, 5],
  );
});

const anyNumber = fc.oneof(fc.double(), fc.integer({ min: -50, max: 1400 }), fc.constantFrom(0, -0, 1e-300, 1e300));
const anyDetection = fc.record({
  x: anyNumber,
  y: anyNumber,
  w: anyNumber,
  h: anyNumber,
  score: fc.oneof(fc.double(), fc.constantFrom(0.2, 0.55, 0.9)),
  label: fc.constantFrom('a', 'b', ''),
});
const anySession = fc.array(
  fc.record({
    elapsedMs: fc.constantFrom(0, 20, 66, 200, 900, 4000, 1e6),
    detections: fc.array(anyDetection, { maxLength: 12 }),
  }),
  { maxLength: 12 },
);

/** What must be true after any frame. */
class Rules {
  readonly #gone = new Set<number>();
  #live = new Set<number>();
  #highest = 0;

  /** @returns the rules that a result breaks. */
  broken({ state, tracks, detections }: Tracked): string[] {
    const now = new Set(tracks.map(({ track_id }) => track_id));
    const reported = detections.flatMap(({ track_id }) => track_id ?? []);
    for (const id of this.#live) if (!now.has(id)) this.#gone.add(id);
    const isNew = (id: number) => !this.#live.has(id);
    const numbers = tracks.flatMap(({ x, y, w, h, vx, vy }) => [x, y, w, h, vx, vy]);
    const rules = {
      'the state is valid': trackerStateSchema.safeParse(state).success,
      'one detection per track': new Set(reported).size === reported.length && reported.every((id) => now.has(id)),
      'ids that have gone stay away': [...now].every((id) => !this.#gone.has(id)),
      'ids only grow': [...now].filter(isNew).every((id) => id > this.#highest),
      'tracks are limited': tracks.length <= fewTracks && state.tracks.length <= fewTracks * fieldCount,
      'numbers are finite': numbers.every(Number.isFinite),
    };
    this.#highest = Math.max(this.#highest, ...now);
    this.#live = now;
    return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]));
  }
}

const fewTracks = 8;

test('whatever comes, the state stays valid, ids only grow, and what has gone stays away', async (t) => {
  fc.assert(
    fc.property(anySession, (frames) => {
      const [session, again, rules] = [
        new Session({ maxTracks: fewTracks }),
        new Session({ maxTracks: fewTracks }),
        new Rules(),
      ];
      let nowMs = 0;
      for (const { elapsedMs, detections } of frames) {
        nowMs += elapsedMs;
        const result = session.frame(nowMs, detections);
        t.strictSame(again.frame(nowMs, detections), result, 'the same input gives the same output');
        t.strictSame(rules.broken(result), []);
      }
    }),
    { numRuns: 150 },
  );
});
