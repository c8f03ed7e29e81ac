/** CTC decoding on tensors that are small enough to decode by hand. */
import { test } from 'tap';
import { decodeCtc } from '../../../src/models/ctc.ts';

const alphabet = ['A', 'B', 'C'];
const classes = alphabet.length + 1;
const blank = 0;
const a = 1;
const b = 2;
const c = 3;

/** Decodes steps that are told as their winning class and its probability; the others share the rest. */
function decode(...steps: readonly (readonly [winner: number, probability: number])[]) {
  const rows = steps.flatMap(([winner, probability]) => {
    const rest = (1 - probability) / (classes - 1);
    return Array.from({ length: classes }, (_, index) => (index === winner ? probability : rest));
  });
  return decodeCtc(Float32Array.from(rows), steps.length, classes, alphabet);
}

test('the most probable class of each step is read, step by step', async (t) => {
  const probabilities = Float32Array.of(0.1, 0.7, 0.1, 0.1, 0.2, 0.1, 0.6, 0.1, 0.3, 0.1, 0.1, 0.5);
  const { text, score } = decodeCtc(probabilities, 3, 4, alphabet);
  t.equal(text, 'ABC');
  t.ok(Math.abs(score - (0.7 + 0.6 + 0.5) / 3) < 1e-6, `${score}`);
});

test('a character that lasts over several steps is read once', async (t) => {
  t.equal(decode([a, 0.9], [a, 0.8], [a, 0.7], [b, 0.9], [b, 0.9]).text, 'AB');
});

test('a character is read again after a blank, and after another character', async (t) => {
  t.equal(decode([a, 0.9], [blank, 0.9], [a, 0.9]).text, 'AA');
  t.equal(decode([a, 0.9], [b, 0.9], [a, 0.9]).text, 'ABA');
  t.equal(decode([b, 0.9], [b, 0.9], [blank, 0.9], [blank, 0.9], [b, 0.9], [b, 0.9]).text, 'BB');
});

test('blanks before, between and after characters leave no trace', async (t) => {
  t.equal(decode([blank, 0.9], [c, 0.9], [blank, 0.9], [a, 0.9], [blank, 0.9]).text, 'CA');
});

test('nothing but blanks is an empty text of no certainty', async (t) => {
  t.same(decode([blank, 1], [blank, 0.5], [blank, 0.9]), { text: '', score: 0 });
});

test('no step at all is an empty text', async (t) => {
  t.same(decode(), { text: '', score: 0 });
});

test('the score is the mean of the characters that were kept, each at its highest; blanks do not count', async (t) => {
  const { text, score } = decode([blank, 0.3], [a, 0.75], [a, 1], [a, 0.5], [blank, 1], [b, 0.5], [c, 0.375]);
  t.equal(text, 'ABC');
  t.ok(Math.abs(score - (1 + 0.5 + 0.375) / 3) < 1e-6, `${score}`);
});

test('as a product, the score is that of all letters and digits together; other marks do not count', async (t) => {
  const [x, hyphen, one] = [1, 2, 3];
  const rows = [x, hyphen, one].flatMap((winner) => [0.2, 0.2, 0.2, 0.2].map((rest, i) => (i === winner ? 0.4 : rest)));
  const { text, score } = decodeCtc(Float32Array.from(rows), 3, classes, ['X', '-', '1'], { scoring: 'product' });
  t.equal(text, 'X-1');
  t.ok(Math.abs(score - 0.16) < 1e-6, `${score}`);
});

test('spaces around a text are its margins', async (t) => {
  const rows = [1, 2, 1].flatMap((winner) => [0, 1, 2].map((i) => (i === winner ? 1 : 0)));
  t.equal(decodeCtc(Float32Array.from(rows), 3, 3, [' ', 'A']).text, 'A');
  t.same(decodeCtc(Float32Array.from(rows.slice(0, 3)), 1, 3, [' ', 'A']), { text: '', score: 0 });
});

const [space, spaced] = [4, ['A', 'B', 'C', ' ']];

/** Steps in which a class wins, or in which nothing does but a space has this probability. */
function decodeSpaces(...steps: readonly (typeof a | typeof b | typeof c | { readonly space: number })[]) {
  const rows = steps.flatMap((step) => {
    const row = [0, 0, 0, 0, 0];
    if (typeof step === 'number') row[step] = 1;
    else [row[blank], row[space]] = [1 - step.space, step.space];
    return row;
  });
  return decodeCtc(Float32Array.from(rows), steps.length, 5, spaced, { scoring: 'mean', spaceFrom: 0.2 });
}

test('a space that does not win is read from its own probability on, and does not lower the score', async (t) => {
  t.same(decodeSpaces(a, { space: 0.25 }, b), { text: 'A B', score: 1 });
  t.same(decodeSpaces(a, { space: 0.19 }, { space: 0.19 }, b), { text: 'AB', score: 1 });
  const rows = Float32Array.of(0, 1, 0, 0, 0, 0.6, 0, 0, 0, 0.4, 0, 0, 1, 0, 0);
  t.equal(decodeCtc(rows, 3, 5, spaced, { scoring: 'mean' }).text, 'AB', 'not without being asked for');
});

test('a space that wins, next to others that do not, is one space', async (t) => {
  t.equal(decodeSpaces(a, { space: 0.3 }, { space: 0.8 }, { space: 0.4 }, b).text, 'A B');
});

test('margins are no spaces, and say nothing of the gap behind the first character', async (t) => {
  t.equal(decodeSpaces({ space: 0.45 }, a, { space: 0.21 }, b, { space: 0.4 }).text, 'A B');
});

test('a space that is seen once more behind the first letter of the next word is none, unless it is as likely', async (t) => {
  t.equal(decodeSpaces(a, { space: 0.9 }, b, { space: 0.3 }, c).text, 'A BC');
  t.equal(decodeSpaces(a, { space: 0.4 }, b, { space: 0.3 }, c).text, 'A B C');
  t.equal(decodeSpaces(a, { space: 0.9 }, b, { space: 0 }, c, { space: 0.3 }, a).text, 'A BC A');
});

test('where two classes are equal, the first wins: a blank rather than a character', async (t) => {
  t.same(decodeCtc(Float32Array.of(0.25, 0.25, 0.25, 0.25), 1, classes, alphabet), { text: '', score: 0 });
  t.equal(decodeCtc(Float32Array.of(0.2, 0.4, 0.4, 0), 1, classes, alphabet).text, 'A');
});

test('a class that the alphabet does not have writes nothing and lends the text no certainty', async (t) => {
  const unknown = Float32Array.of(0, 0, 0, 1);
  t.same(decodeCtc(unknown, 1, classes, ['A', 'B']), { text: '', score: 0 });
  const mixed = Float32Array.of(0, 0.5, 0.25, 0.25, 0, 0, 0, 1);
  t.same(decodeCtc(mixed, 2, classes, ['A', 'B']), { text: 'A', score: 0.5 });
});

test('a character of several code units is one character', async (t) => {
  t.same(decodeCtc(Float32Array.of(0, 1), 1, 2, ['𠮷']), { text: '𠮷', score: 1 });
});

test('only the steps that are asked for are read from a longer buffer', async (t) => {
  t.equal(decodeCtc(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0), 1, classes, alphabet).text, 'A');
});
