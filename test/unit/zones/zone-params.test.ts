/** Zones of a pipeline file: what is accepted, and what the error says. */
import { test } from 'tap';
import { zonesSchema } from '../../../src/zones/zone-params.ts';

const area = {
  name: 'yard',
  area: [
    [0, 0],
    [1, 0],
    [1, 1],
  ],
};
const line = {
  name: 'gate',
  line: [
    [0, 0.5],
    [1, 0.5],
  ],
};

function issuesOf(zones: unknown): string[] {
  const { error } = zonesSchema.safeParse(zones);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('areas and lines are accepted, with their options', async (t) => {
  const zones = [
    { ...area, dwell_ms: 5000 },
    { ...line, labels: ['car'] },
  ];
  t.same(zonesSchema.parse(zones), zones);
});

test('an area needs room', async (t) => {
  const corners = (...points: readonly (readonly number[])[]) => [{ name: 'a', area: points }];
  t.match(issuesOf(corners([0, 0], [0.5, 0.5], [1, 1])), [/^0\.area: its corners must not be on one line$/]);
  t.match(issuesOf(corners([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])), [/must not be on one line/]);
  t.same(issuesOf(corners([0, 0], [0.001, 0], [0.001, 0.001])), []);
});

test('labels are as short as those of the scene', async (t) => {
  const [zone] = zonesSchema.parse([{ ...line, labels: ['x'.repeat(100), 'car'] }]);
  t.same(zone?.labels, ['x'.repeat(32), 'car']);
});

const wrong: readonly (readonly [zones: unknown, issue: RegExp])[] = [
  [[], /Too small/],
  [[area, { ...line, name: 'yard' }], /names must be unique/],
  [[{ ...area, area: area.area.slice(1) }], /0\.area: Too small: expected array to have >=3/],
  [
    [
      {
        ...area,
        area: [
          [0, 0],
          [1, 1],
          [1, 0],
          [0, 1],
        ],
      },
    ],
    /0\.area: its sides must not cross/,
  ],
  [
    [
      {
        ...area,
        area: [
          [0, 0],
          [10, 0],
          [1, 1],
        ],
      },
    ],
    /0\.area\.1\.0: Too big/,
  ],
  [
    [
      {
        ...line,
        line: [
          [0, 0],
          [0, 0],
        ],
      },
    ],
    /0\.line: its points must differ/,
  ],
  [
    [
      {
        ...line,
        line: [
          [0, 0],
          [0, 0],
          [1, 1],
        ],
      },
    ],
    /0\.line/,
  ],
  [[{ ...line, dwell_ms: 5 }], /dwell_ms/],
  [[{ ...area, name: '' }], /0\.name: Too small/],
  [[{ ...area, name: '__proto__' }], /reserved/],
  [[{ ...area, name: 'a\nb' }], /control characters/],
  [[{ ...area, line: line.line }], /area/],
  [[null], /expected object/],
  [Array.from({ length: 65 }, (_, i) => ({ ...line, name: `line ${i}` })), /Too big/],
];

for (const [zones, issue] of wrong)
  test(`an issue: ${issue}`, async (t) => {
    t.match(issuesOf(zones).join('\n'), issue);
  });
