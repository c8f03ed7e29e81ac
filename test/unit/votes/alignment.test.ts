/** Alignments on texts that are short enough to check by hand, and against a search of all alignments. */
import { test } from 'tap';
import { align } from '../../../src/votes/alignment.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const gap = 1.5;

/** Aligns two texts as `A-B/AXB`: the columns above the characters, with gaps as hyphens. */
function show(columns: string, characters: string): string {
  const pairs = align(columns.length, characters.length, {
    match: (column, character) => (columns[column] === characters[character] ? 0 : 1),
    skip: () => gap,
    insert: () => gap,
  });
  const upper = pairs.map(({ column }) => (column === undefined ? '-' : columns[column])).join('');
  const lower = pairs.map(({ character }) => (character === undefined ? '-' : characters[character])).join('');
  return `${upper}/${lower}`;
}

test('equal texts match one by one', async (t) => {
  t.equal(show('AB123CD', 'AB123CD'), 'AB123CD/AB123CD');
  t.equal(show('', ''), '/');
});

test('a confused character stays in its column', async (t) => {
  t.equal(show('AB123CD', 'A8123CD'), 'AB123CD/A8123CD');
  t.equal(show('AB', 'CD'), 'AB/CD');
});

test('dropped, inserted and doubled characters leave gaps', async (t) => {
  t.equal(show('AB123CD', 'AB13CD'), 'AB123CD/AB1-3CD');
  t.equal(show('AB123CD', 'B123CD'), 'AB123CD/-B123CD');
  t.equal(show('AB123CD', 'AB123CD.'), 'AB123CD-/AB123CD.');
  t.match(show('AB123CD', 'AB1123CD'), /^AB(-1|1-)23CD\/AB1123CD$/);
});

test('nothing at all leaves only gaps', async (t) => {
  t.equal(show('AB', ''), 'AB/--');
  t.equal(show('', 'AB'), '--/AB');
});

/** Least cost of all alignments, by trying each. */
function leastCost(columns: string, characters: string): number {
  const [a, b] = [columns, characters];
  if (a === '' || b === '') return gap * (a.length + b.length);
  return Math.min(
    (a[0] === b[0] ? 0 : 1) + leastCost(a.slice(1), b.slice(1)),
    gap + leastCost(a.slice(1), b),
    gap + leastCost(a, b.slice(1)),
  );
}

test('no other alignment costs less, and each column and character occurs once, in order', async (t) => {
  const random = seededRandom(5);
  const text = () => Array.from({ length: Math.floor(random() * 6) }, () => 'AB1'[Math.floor(random() * 3)]).join('');
  for (let round = 0; round < 200; round++) {
    const [a, b] = [text(), text()];
    const [upper = '', lower = ''] = show(a, b).split('/');
    t.equal(upper.replaceAll('-', ''), a);
    t.equal(lower.replaceAll('-', ''), b);
    const costs: number[] = [...upper].map((each, at) =>
      each === '-' || lower[at] === '-' ? gap : each === lower[at] ? 0 : 1,
    );
    t.equal(
      costs.reduce((sum, cost) => sum + cost, 0),
      leastCost(a, b),
      `${a} and ${b}`,
    );
  }
});
