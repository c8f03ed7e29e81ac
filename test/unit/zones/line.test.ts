/** A line is crossed once, however an object trembles on it, and only between its ends. */
import { test } from 'tap';
import type { Point } from '../../../src/protocol.ts';
import { decodeSide, encodeSide, endLine, type LineSide, stepLine } from '../../../src/zones/line.ts';

/** Pointing right: below it is its right side. */
const line: readonly [Point, Point] = [
  [0, 100],
  [100, 100],
];

/** Moves an object along places. @returns the crossings by index of the place, and of its end. */
function play(places: readonly Point[], marginPx = 5) {
  const crossings: string[] = [];
  let side: LineSide | undefined;
  let before: Point | undefined;
  for (const [index, now] of places.entries()) {
    // As the state does between frames.
    const step = stepLine(decodeSide(encodeSide(side)), line, { before, now, marginPx });
    if (step.crossed !== undefined) crossings.push(`${index} ${step.crossed}`);
    side = step.side;
    before = now;
  }
  const end = before && endLine(side, line, before);
  return end === undefined ? crossings : [...crossings, `end ${end}`];
}

const at = (x: number, ...ys: number[]) => ys.map((y): Point => [x, y]);

test('from above to below is in, back is out', async (t) => {
  t.same(play(at(50, 50, 150)), ['1 in']);
  t.same(play(at(50, 150, 50)), ['1 out']);
  t.same(play(at(50, 50, 150, 50, 150)), ['1 in', '2 out', '3 in']);
});

test('trembling on the line is no crossing, and a crossing with trembling is one', async (t) => {
  t.same(play(at(50, 50, 98, 102, 97, 104, 99, 60)), []);
  t.same(play(at(50, 50, 98, 102, 97, 104, 99, 106, 103, 140)), ['6 in']);
});

test('an object that appears near the line has its side at once', async (t) => {
  t.same(play(at(50, 99, 101, 110)), ['2 in']);
  t.same(play(at(50, 101, 110)), []);
});

test('past the ends of the line is no crossing', async (t) => {
  t.same(play(at(150, 50, 150)), []);
  t.same(
    play([
      [50, 50],
      [150, 90],
      [150, 150],
      [50, 150],
    ]),
    [],
    'around its end',
  );
});

test('an object that is lost right behind the line has crossed it', async (t) => {
  t.same(play(at(50, 50, 97, 103)), ['end in']);
  t.same(play(at(50, 50, 103, 98)), [], 'it has come back');
});

test('sides survive as characters, and others are none', async (t) => {
  for (const isRight of [false, true])
    for (const isTouched of [false, true])
      t.same(decodeSide(encodeSide({ isRight, isTouched })), { isRight, isTouched });
  for (const code of [undefined, '', '0', '5', 'x']) t.equal(decodeSide(code === '' ? undefined : code), undefined);
  t.equal(encodeSide(undefined).length, 1);
});
