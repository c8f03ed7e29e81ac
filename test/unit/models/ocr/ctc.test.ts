/** CTC decoding on tensors that are small enough to check by hand. */
import { test } from 'tap';
import { type CtcRules, decodeCtc as decodeAll } from '../../../../src/models/ocr/ctc.ts';

const alphabet = ['A', 'B', 'C'];
const classes = alphabet.length + 1;
const blank = 0;
const a = 1;
const b = 2;
const c = 3;

/** Most tests are about the text and its score. */
function decodeCtc(
  rows: Float32Array,
  steps: number,
  classCount: number,
  letters: readonly string[],
  rules?: CtcRules,
) {
  const { text, score } = decodeAll(rows, steps, classCount, letters, rules);
  return { text, score };
}

/** Decodes steps given as the best class and its probability; the other classes share the rest. */
function decode(...steps: readonly (readonly [winner: number, probability: number])[]) {
  const rows = steps.flatMap(([winner, probability]) => {
    const rest = (1 - probability) / (classes - 1);
    return Array.from({ length: classes }, (_, index) => (index === winner ? probability : rest));
  });
  return decodeCtc(Float32Array.from(rows), steps.length, classes, alphabet);
}

test('decodes the most probable class of each step', async (t) => {
  const probabilities = Float32Array.of(0.1, 0.7, 0.1, 0.1, 0.2, 0.1, 0.6, 0.1, 0.3, 0.1, 0.1, 0.5);
  const { text, score } = decodeCtc(probabilities, 3, 4, alphabet);
  t.equal(text, 'ABC');
  t.ok(Math.abs(score - (0.7 + 0.6 + 0.5) / 3) < 1e-6, `${score}`);
});

test('merges a character that spans several steps', async (t) => {
  t.equal(decode([a, 0.9], [a, 0.8], [a, 0.7], [b, 0.9], [b, 0.9]).text, 'AB');
});

test('repeats a character after a blank and after another character', async (t) => {
  t.equal(decode([a, 0.9], [blank, 0.9], [a, 0.9]).text, 'AA');
  t.equal(decode([a, 0.9], [b, 0.9], [a, 0.9]).text, 'ABA');
  t.equal(decode([b, 0.9], [b, 0.9], [blank, 0.9], [blank, 0.9], [b, 0.9], [b, 0.9]).text, 'BB');
});

test('removes blanks before, between and after characters', async (t) => {
  t.equal(decode([blank, 0.9], [c, 0.9], [blank, 0.9], [a, 0.9], [blank, 0.9]).text, 'CA');
});

test('only blanks are an empty text with score 0', async (t) => {
  t.same(decode([blank, 1], [blank, 0.5], [blank, 0.9]), { text: '', score: 0 });
});

test('no steps are an empty text', async (t) => {
  t.same(decode(), { text: '', score: 0 });
});

test('the mean score averages the highest probability of each kept character; blanks do not count', async (t) => {
  const { text, score } = decode([blank, 0.3], [a, 0.75], [a, 1], [a, 0.5], [blank, 1], [b, 0.5], [c, 0.375]);
  t.equal(text, 'ABC');
  t.ok(Math.abs(score - (1 + 0.5 + 0.375) / 3) < 1e-6, `${score}`);
});

test('the product score multiplies the probabilities of letters and digits; other characters do not count', async (t) => {
  const [x, hyphen, one] = [1, 2, 3];
  const rows = [x, hyphen, one].flatMap((winner) => [0.2, 0.2, 0.2, 0.2].map((rest, i) => (i === winner ? 0.4 : rest)));
  const { text, score } = decodeCtc(Float32Array.from(rows), 3, classes, ['X', '-', '1'], { scoring: 'product' });
  t.equal(text, 'X-1');
  t.ok(Math.abs(score - 0.16) < 1e-6, `${score}`);
});

test('trims spaces around a text', async (t) => {
  const rows = [1, 2, 1].flatMap((winner) => [0, 1, 2].map((i) => (i === winner ? 1 : 0)));
  t.equal(decodeCtc(Float32Array.from(rows), 3, 3, [' ', 'A']).text, 'A');
  t.same(decodeCtc(Float32Array.from(rows.slice(0, 3)), 1, 3, [' ', 'A']), { text: '', score: 0 });
});

const [space, spaced] = [4, ['A', 'B', 'C', ' ']];

/** Steps with a best class, or with a blank as best class and a space of this probability. */
function decodeSpaces(...steps: readonly (typeof a | typeof b | typeof c | { readonly space: number })[]) {
  const rows = steps.flatMap((step) => {
    const row = [0, 0, 0, 0, 0];
    if (typeof step === 'number') row[step] = 1;
    else [row[blank], row[space]] = [1 - step.space, step.space];
    return row;
  });
  return decodeCtc(Float32Array.from(rows), steps.length, 5, spaced, { scoring: 'mean', spaceFrom: 0.2 });
}

test('inserts a space from `spaceFrom` on, without lowering the score', async (t) => {
  t.same(decodeSpaces(a, { space: 0.25 }, b), { text: 'A B', score: 1 });
  t.same(decodeSpaces(a, { space: 0.19 }, { space: 0.19 }, b), { text: 'AB', score: 1 });
  const rows = Float32Array.of(0, 1, 0, 0, 0, 0.6, 0, 0, 0, 0.4, 0, 0, 1, 0, 0);
  t.equal(decodeCtc(rows, 3, 5, spaced, { scoring: 'mean' }).text, 'AB', 'only with spaceFrom');
});

test('merges a space that wins with weaker ones next to it', async (t) => {
  t.equal(decodeSpaces(a, { space: 0.3 }, { space: 0.8 }, { space: 0.4 }, b).text, 'A B');
});

test('margins are not spaces and do not affect the gap after the first character', async (t) => {
  t.equal(decodeSpaces({ space: 0.45 }, a, { space: 0.21 }, b, { space: 0.4 }).text, 'A B');
});

test('ignores the echo of a space after the first letter of the next word, unless it is as probable', async (t) => {
  t.equal(decodeSpaces(a, { space: 0.9 }, b, { space: 0.3 }, c).text, 'A BC');
  t.equal(decodeSpaces(a, { space: 0.4 }, b, { space: 0.3 }, c).text, 'A B C');
  t.equal(decodeSpaces(a, { space: 0.9 }, b, { space: 0 }, c, { space: 0.3 }, a).text, 'A BC A');
});

test('on a tie the first class wins, so a blank wins over a character', async (t) => {
  t.same(decodeCtc(Float32Array.of(0.25, 0.25, 0.25, 0.25), 1, classes, alphabet), { text: '', score: 0 });
  t.equal(decodeCtc(Float32Array.of(0.2, 0.4, 0.4, 0), 1, classes, alphabet).text, 'A');
});

test('a class outside the alphabet adds neither text nor score', async (t) => {
  const unknown = Float32Array.of(0, 0, 0, 1);
  t.same(decodeCtc(unknown, 1, classes, ['A', 'B']), { text: '', score: 0 });
  const mixed = Float32Array.of(0, 0.5, 0.25, 0.25, 0, 0, 0, 1);
  t.same(decodeCtc(mixed, 2, classes, ['A', 'B']), { text: 'A', score: 0.5 });
});

test('a character of several code units is one character', async (t) => {
  t.same(decodeCtc(Float32Array.of(0, 1), 1, 2, ['𠮷']), { text: '𠮷', score: 1 });
});

test('decodes only the given number of steps of a longer buffer', async (t) => {
  t.equal(decodeCtc(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0), 1, classes, alphabet).text, 'A');
});

test('tells how certain it is of each character: its highest probability', async (t) => {
  const rows = Float32Array.of(0.25, 0.75, 0, 0.5, 0.5, 0, 0, 1, 0, 0.125, 0.25, 0.625, 1, 0, 0, 0, 0.5, 0.5);
  const { characters } = decodeAll(rows, 6, 3, ['A', 'B']);
  t.same(characters, [
    { character: 'A', certainty: 0.75 },
    { character: 'A', certainty: 1 },
    { character: 'B', certainty: 0.625 },
    { character: 'A', certainty: 0.5 },
  ]);
});

test('the characters are those of the text, with inserted spaces and without those around it', async (t) => {
  const rows = [0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0.6, 0, 0, 0, 0.4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
  const { text, characters = [] } = decodeAll(Float32Array.from(rows), 5, 5, spaced, {
    scoring: 'mean',
    spaceFrom: 0.2,
  });
  t.equal(text, 'A B');
  t.same(
    characters.map(({ character }) => character),
    ['A', ' ', 'B'],
  );
  t.same(decodeAll(Float32Array.of(1, 0), 1, 2, ['A']).characters, []);
});
