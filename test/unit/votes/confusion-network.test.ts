/** Votes on hand-made reads: what wins, and how sure it is. */
import { test } from 'tap';
import { addRead, emptyNetwork, type Network, shrunk, voteOf } from '../../../src/votes/confusion-network.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const maxColumns = 24;

type Read = readonly [text: string, certainty: number, weight?: number];

function networkOf(...reads: readonly Read[]): Network {
  return reads.reduce((network, [text, certainty, weight = 1]) => {
    const characters = [...text].map((character) => ({ character, certainty }));
    return addRead(network, characters, weight, maxColumns);
  }, emptyNetwork);
}

function vote(...reads: readonly Read[]) {
  return voteOf(networkOf(...reads));
}

/** Reads of one text with the same certainty. */
function times(count: number, text: string, certainty: number): Read[] {
  return Array.from({ length: count }, () => [text, certainty]);
}

test('one read is trusted somewhat less than its recognizer trusts it', async (t) => {
  let previous = 0;
  for (const certainty of [0.6, 0.8, 0.9, 0.97, 0.99, 0.999]) {
    const { text, score } = vote(['AB123CD', certainty]);
    t.equal(text, 'AB123CD');
    t.ok(score > previous && score < certainty ** 7, `${score} for ${certainty}`);
    previous = score;
  }
  t.ok(previous > 0.95, `${previous} for the surest`);
});

test('without a read, or with empty ones only, there is no text', async (t) => {
  t.same(vote(), { text: '', score: 0 });
  t.same(vote(['', 0.9], ['', 0.9]), { text: '', score: 0 });
  t.same(vote(['--', 0.9]), { text: '--', score: 0 }, 'nobody compares hyphens');
});

test('each character is decided by itself: the result may be a text that nobody has read', async (t) => {
  const { text } = vote(['AB128CD', 0.9], ['A8123CD', 0.9], ['AB123C0', 0.9]);
  t.equal(text, 'AB123CD');
});

test('readers drop, insert and double characters', async (t) => {
  t.equal(vote(['AB123CD', 0.9], ['A8123CD', 0.8], ['', 0.9], ['AB1123CD', 0.9], ['AB123CD', 0.9]).text, 'AB123CD');
  t.equal(vote(['AB13CD', 0.9], ['AB123CD', 0.9], ['AB123CD', 0.9]).text, 'AB123CD', 'dropped first');
  t.equal(vote(['XAB123CD', 0.6], ['AB123CD', 0.9], ['AB123CD', 0.9]).text, 'AB123CD', 'inserted first');
  t.equal(vote(['B123CD', 0.9], ['AB123C', 0.9], ['AB123CD', 0.9]).text, 'AB123CD', 'dropped at both ends');
});

test('a certain read outweighs several uncertain ones, and a large plate a small one', async (t) => {
  t.equal(vote(['A8', 0.6], ['A8', 0.6], ['AB', 0.99]).text, 'AB');
  t.equal(vote(['A8', 0.9, 0.3], ['A8', 0.9, 0.3], ['AB', 0.9, 1]).text, 'AB');
});

test('agreement makes a vote surer, and disagreement less sure', async (t) => {
  const one = vote(['AB123', 0.9]).score;
  const three = vote(...times(3, 'AB123', 0.9)).score;
  const mixed = vote(...times(2, 'AB123', 0.9), ['A8123', 0.9]);
  t.ok(three > one, `${three} > ${one}`);
  t.equal(mixed.text, 'AB123');
  t.ok(mixed.score < three, `${mixed.score} < ${three}`);
});

test('frames repeat their errors: a hundred equal reads are worth five, and never certainty', async (t) => {
  const [ten, hundred] = [10, 100].map((count) => vote(...times(count, 'A8123', 0.7)).score);
  t.ok((hundred ?? 1) < 0.95, `${hundred}: with independent reads it would be 1`);
  t.ok((hundred ?? 1) - (ten ?? 0) < 0.2, `${ten} after ten`);
  t.ok(vote(...times(100, 'A8123', 0.999)).score < 0.9951, 'some errors are in every read');
});

test('a character that half of the reads do not have makes the text less sure', async (t) => {
  const mixed = vote(...times(2, 'AB123', 0.9), ...times(2, 'AB1123', 0.9));
  const all = vote(...times(4, 'AB1123', 0.9));
  t.equal(mixed.text, 'AB1123', 'readers drop one of two equal characters more often than they double one');
  t.ok(mixed.score < all.score - 0.02, `${mixed.score} < ${all.score}`);
});

test('spaces and hyphens are voted on and do not count', async (t) => {
  const spaced = vote(['AB 123', 0.95], ['AB-123', 0.95], ['AB-123', 0.95]);
  const plain = vote(['AB123', 0.95], ['AB123', 0.95], ['AB123', 0.95]);
  t.equal(spaced.text, 'AB-123');
  t.ok(Math.abs(spaced.score - plain.score) < 1e-9);
});

test('the order of reads of equal length does not matter', async (t) => {
  const reads: Read[] = [...times(3, 'AB123CD', 0.8), ['A8123CD', 0.9], ['AB128CD', 0.7], ['AB123C0', 0.95]];
  const expected = vote(...reads);
  const random = seededRandom(3);
  for (let round = 0; round < 20; round++) {
    const shuffled = reads.map((read) => ({ read, key: random() })).sort((a, b) => a.key - b.key);
    const { text, score } = vote(...shuffled.map(({ read }) => read));
    t.equal(text, expected.text);
    t.ok(Math.abs(score - expected.score) < 1e-9, `${score}`);
  }
});

test('a track that the tracker gives to another object changes its text after a while', async (t) => {
  const { text } = vote(...times(500, 'AB123CD', 0.99), ...times(40, 'KX777ZB', 0.99));
  t.equal(text, 'KX777ZB');
});

test('certainties that are no probabilities count as low ones', async (t) => {
  for (const wrong of [Number.NaN, -1, Number.NEGATIVE_INFINITY, 0]) {
    const { text, score } = vote(['AB', wrong]);
    t.equal(text, 'AB');
    t.ok(score > 0 && score < 0.5, `${score}`);
  }
  t.ok(vote(['AB', Number.POSITIVE_INFINITY]).score < 1);
});

test('a network stays small, however different the reads are', async (t) => {
  const random = seededRandom(11);
  const letter = () => String.fromCharCode(65 + Math.floor(random() * 26));
  let network = emptyNetwork;
  for (let round = 0; round < 200; round++) {
    const characters = Array.from({ length: 12 }, () => ({ character: letter(), certainty: random() }));
    network = addRead(network, characters, random(), maxColumns);
    t.ok(network.columns.length <= maxColumns, `${network.columns.length} columns`);
    for (const column of network.columns) if (column.size > 3) t.fail(`${column.size} candidates`);
  }
  t.ok(network.weight <= 20);
  const { score } = voteOf(network);
  t.ok(score < 0.5, `${score} for noise`);
});

test('a shrunk network keeps what has most evidence, in order', async (t) => {
  const network = networkOf(...times(3, 'AB123', 0.9), ['A8123', 0.8], ['A812', 0.8]);
  const small = shrunk(network, 4, 1);
  t.equal(voteOf(small).text, 'A123');
  t.same(
    small.columns.map((column) => column.size),
    [1, 1, 1, 1],
  );
  t.equal(voteOf(shrunk(network, 24, 1)).text, 'AB123');
});
