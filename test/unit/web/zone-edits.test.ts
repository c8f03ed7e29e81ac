/** Editing zones: what each action does. */
import { test } from 'tap';
import type { Point, Zone } from '../../../src/client/index.ts';
import {
  canFinish,
  type EditAction,
  type Edits,
  editsOf,
  nameIssue,
  reduce,
  zonesIssue,
  zonesJson,
} from '../../../src/web/zone-edits.ts';

const yard: Zone & { readonly dwell_ms: number } = {
  name: 'yard',
  area: [
    [0.1, 0.1],
    [0.5, 0.1],
    [0.5, 0.5],
    [0.1, 0.5],
  ],
  dwell_ms: 5000,
};
const gate: Zone = {
  name: 'gate',
  line: [
    [0.2, 0.9],
    [0.8, 0.9],
  ],
};
const start = editsOf([yard, gate]);

/** The corners of the first zone. */
function cornersOf({ zones: [zone] }: Edits): readonly Point[] {
  return zone !== undefined && 'area' in zone ? zone.area : [];
}

const apply = (edits: Edits, ...actions: readonly EditAction[]) => actions.reduce(reduce, edits);
const point = (x: number, y: number): EditAction => ({ type: 'point', point: [x, y] });
const draw = (kind: 'area' | 'line'): EditAction => ({ type: 'draw', kind });
const triangle = [point(0.1, 0.1), point(0.4, 0.1), point(0.4, 0.4)];

test('an area is closed after three points or more, and selected', async (t) => {
  const drawn = apply(editsOf([]), draw('area'), ...triangle.slice(0, 2));
  t.equal(drawn.draft && canFinish(drawn.draft), false);
  t.equal(reduce(drawn, { type: 'finish' }), drawn, 'two points are no area');
  const { zones, draft, selected } = apply(drawn, ...triangle.slice(2), { type: 'finish' });
  t.strictSame(zones, [
    {
      name: 'area-1',
      area: [
        [0.1, 0.1],
        [0.4, 0.1],
        [0.4, 0.4],
      ],
    },
  ]);
  t.strictSame([draft, selected], [undefined, 0]);
});

test('a line ends with its second point', async (t) => {
  const { zones, draft } = apply(start, draw('line'), point(0, 0), { type: 'finish' }, point(1, 1));
  t.strictSame(zones.at(-1), {
    name: 'line-1',
    line: [
      [0, 0],
      [1, 1],
    ],
  });
  t.equal(draft, undefined);
});

test('a second click on the same place adds no point', async (t) => {
  const { draft } = apply(start, draw('area'), point(0.1, 0.1), point(0.1005, 0.1), point(0.2, 0.1));
  t.strictSame(draft?.points, [
    [0.1, 0.1],
    [0.2, 0.1],
  ]);
  const line = apply(start, draw('line'), point(0.1, 0.1), point(0.1, 0.1));
  t.equal(line.zones.length, 2, 'the points of a line differ');
});

test('a draft loses its last point, and is canceled', async (t) => {
  const drawn = apply(start, draw('area'), ...triangle, { type: 'back' });
  t.equal(drawn.draft?.points.length, 2);
  const canceled = reduce(drawn, { type: 'cancel' });
  t.strictSame([canceled.draft, canceled.zones], [undefined, start.zones]);
  for (const type of ['back', 'finish', 'cancel', 'undo'] as const) t.strictSame(reduce(start, { type }), start);
  t.equal(reduce(start, point(0, 0)), start);
});

test('points are fractions of the frame, rounded to four digits', async (t) => {
  const { zones } = apply(start, draw('line'), point(-3, 0.123456), point(7, Number.MIN_VALUE));
  t.strictSame(zones.at(-1), {
    name: 'line-1',
    line: [
      [0, 0.1235],
      [1, 0],
    ],
  });
  const served = editsOf([
    {
      name: 'a',
      line: [
        [0.123456789, 1 / 3],
        [1, 1],
      ],
    },
  ]);
  t.strictSame(JSON.parse(zonesJson(served.zones)), [
    {
      name: 'a',
      line: [
        [0.1235, 0.3333],
        [1, 1],
      ],
    },
  ]);
});

test('a point is moved, added and removed; an area keeps three and a line two', async (t) => {
  const at = (zone: number, place: number) => ({ zone, point: place });
  const moved = reduce(start, { type: 'move', at: at(0, 2), point: [0.7, 2], isContinued: false });
  t.strictSame(cornersOf(moved)[2], [0.7, 1]);
  t.equal(moved.selected, 0);
  const added = reduce(start, { type: 'insert', at: at(0, 3), point: [0.05, 0.3] });
  t.strictSame(cornersOf(added).slice(3), [
    [0.1, 0.5],
    [0.05, 0.3],
  ]);
  const three = reduce(start, { type: 'remove', at: at(0, 0) });
  t.strictSame(cornersOf(three), [
    [0.5, 0.1],
    [0.5, 0.5],
    [0.1, 0.5],
  ]);
  t.equal(reduce(three, { type: 'remove', at: at(0, 0) }), three);
  t.equal(reduce(start, { type: 'remove', at: at(1, 0) }), start);
  t.equal(reduce(start, { type: 'insert', at: at(1, 0), point: [0.5, 0.5] }), start);
  t.equal(reduce(start, { type: 'move', at: at(0, 9), point: [0, 0], isContinued: false }), start);
  t.equal(reduce(start, { type: 'move', at: at(9, 0), point: [0, 0], isContinued: false }), start);
});

test('a zone moves as a whole, as far as the frame goes', async (t) => {
  const moved = reduce(start, { type: 'shift', index: 0, by: [-0.05, 0.9], isContinued: false });
  t.strictSame(cornersOf(moved), [
    [0.05, 0.6],
    [0.45, 0.6],
    [0.45, 1],
    [0.05, 1],
  ]);
});

test('names are unique, not empty and not too long', async (t) => {
  const rename = (name: string) => reduce(start, { type: 'rename', index: 0, name, isContinued: false }).zones[0]?.name;
  t.equal(rename(' lot '), 'lot');
  for (const wrong of ['gate', ' gate ', '', ' ', 'x'.repeat(65), 'a\u0007b', '__proto__']) {
    t.equal(rename(wrong), 'yard', JSON.stringify(wrong));
    t.type(nameIssue(start.zones, 0, wrong), 'string');
  }
  t.equal(nameIssue(start.zones, 0, 'yard'), undefined, 'its own name');
  const taken = editsOf([
    { ...gate, name: 'line-1' },
    { ...gate, name: 'line-1' },
  ]);
  t.strictSame(
    apply(taken, draw('line'), point(0, 0), point(1, 1)).zones.map(({ name }) => name),
    ['line-1', 'line-2', 'line-3'],
  );
});

test('a line is flipped, and a zone deleted', async (t) => {
  t.strictSame(reduce(start, { type: 'flip', index: 1 }).zones[1], {
    name: 'gate',
    line: [
      [0.8, 0.9],
      [0.2, 0.9],
    ],
  });
  t.equal(reduce(start, { type: 'flip', index: 0 }), start);
  t.strictSame(reduce(start, { type: 'delete', index: 0 }).zones, [gate]);
});

test('the JSON keeps the keys that the console does not know, and their order', async (t) => {
  const moved = reduce(start, { type: 'move', at: { zone: 0, point: 0 }, point: [0.2, 0.2], isContinued: false });
  t.equal(
    zonesJson(moved.zones),
    `[
  {
    "name": "yard",
    "area": [[0.2,0.2],[0.5,0.1],[0.5,0.5],[0.1,0.5]],
    "dwell_ms": 5000
  },
  {
    "name": "gate",
    "line": [[0.2,0.9],[0.8,0.9]]
  }
]`,
  );
  t.equal(zonesJson([]), '[]');
});

test('each change is undone; a movement at once', async (t) => {
  const move = (x: number, isContinued: boolean): EditAction => ({
    type: 'move',
    at: { zone: 1, point: 0 },
    point: [x, 0],
    isContinued,
  });
  const changed = apply(start, { type: 'flip', index: 1 }, move(0.1, false), move(0.2, true), move(0.3, true));
  const once = reduce(changed, { type: 'undo' });
  t.strictSame(once.zones[1], {
    name: 'gate',
    line: [
      [0.8, 0.9],
      [0.2, 0.9],
    ],
  });
  t.strictSame(apply(once, { type: 'undo' }, { type: 'undo' }).zones, start.zones);
  const many = Array.from({ length: 500 }, (): EditAction => ({ type: 'flip', index: 1 }));
  t.equal(apply(start, ...many).past.length, 50, 'memory is bounded');
});

test('what the gateway would reject is named', async (t) => {
  t.equal(zonesIssue(start.zones), undefined);
  const crossed: Zone = {
    name: 'bow',
    area: [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ],
  };
  t.match(zonesIssue([gate, crossed]), /“bow” cross each other/);
});

test('no more zones and points than the gateway takes', async (t) => {
  const full = editsOf(Array.from({ length: 64 }, (_, index) => ({ ...gate, name: `g${index}` })));
  t.equal(apply(full, draw('line'), point(0, 0), point(1, 1)).zones.length, 64);
  const points = Array.from({ length: 80 }, (_, index) => point(index / 100, (index % 2) / 2));
  t.equal(apply(start, draw('area'), ...points).draft?.points.length, 64);
});
