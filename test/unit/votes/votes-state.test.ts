/** What a session keeps between frames is what was known, and small. */
import { test } from 'tap';
import { addRead, emptyNetwork, type Network, voteOf } from '../../../src/votes/confusion-network.ts';
import {
  columnsPerTrack,
  initialVotes,
  packVotes,
  type TrackReads,
  unpackTrack,
  votesSchema,
} from '../../../src/votes/votes-state.ts';

function networkOf(...texts: readonly string[]): Network {
  return texts.reduce((network, text) => {
    const characters = [...text].map((character) => ({ character, certainty: 0.9 }));
    return addRead(network, characters, 1, 64);
  }, emptyNetwork);
}

function trackOf(network: Network, id = 7): TrackReads {
  return { id, label: 'plate', reads: 3, readsAtHeight: 2, height: 31.4, lastReadMs: 1234.5, reported: '', network };
}

function roundTrip(track: TrackReads): TrackReads {
  const [state] = votesSchema.parse(JSON.parse(JSON.stringify(packVotes([track], [])))).tracks;
  if (state === undefined) throw new Error('no track');
  return unpackTrack(state);
}

test('a track is the same after it was written and read', async (t) => {
  for (const texts of [['AB123CD', 'A8123CD', 'AB1123CD', 'AB23CD'], ['漢字 𠮷', '漢宇 𠮷'], ['"\\', '\u0001'], ['']]) {
    const track = trackOf(networkOf(...texts));
    const { network, ...others } = roundTrip(track);
    t.same(others, { ...others, id: 7, label: 'plate', reads: 3, readsAtHeight: 2, height: 31, lastReadMs: 1235 });
    const [before, after] = [voteOf(track.network), voteOf(network)];
    t.equal(after.text, before.text, JSON.stringify(texts));
    t.ok(Math.abs(after.score - before.score) < 0.02, `${before.score} became ${after.score}`);
    t.same(
      network.columns.map((column) => new Set(column.keys())),
      track.network.columns.map((column) => new Set(column.keys())),
    );
  }
});

test('a track that was written and read is written in the same way', async (t) => {
  const { packed, ...track } = roundTrip(trackOf(networkOf('AB123CD', 'A8123CD', 'AB1123CD')));
  t.same(packVotes([track], []).tracks, [packed]);
});

test('a license plate takes some tens of bytes for each different read', async (t) => {
  const empty = JSON.stringify(packVotes([trackOf(emptyNetwork)], [])).length;
  const sizes = [['AB123CD'], ['AB123CD', 'AB123CD', 'AB123CD'], ['AB123CD', 'A8123CD', 'AB1123CD', 'AB128C0']].map(
    (texts) => JSON.stringify(packVotes([trackOf(networkOf(...texts))], [])).length - empty,
  );
  t.ok((sizes[0] ?? 999) < 60 && (sizes[1] ?? 999) < 70 && (sizes[2] ?? 999) < 110, `${sizes} bytes`);
});

test('the label is kept only until the text is reported', async (t) => {
  const track = trackOf(networkOf('AB'));
  t.equal(roundTrip({ ...track, label: 'x'.repeat(1000) }).label, 'x'.repeat(24));
  t.equal(roundTrip({ ...track, reported: 'AB' }).label, '');
});

test('tracks share the columns, and each gets enough for a license plate', async (t) => {
  t.equal(columnsPerTrack(0), 64);
  t.equal(columnsPerTrack(10), 64);
  t.equal(columnsPerTrack(40), 30);
  t.equal(columnsPerTrack(100), 12);
  t.equal(columnsPerTrack(5000), 12);
});

test('many long texts lose candidates and columns, few ones do not', async (t) => {
  const long = networkOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ'.repeat(2), 'ZYXWVUTSRQPONMLKJIHGFEDCBA'.repeat(2));
  const sizeOf = (count: number) => {
    const state = packVotes(
      Array.from({ length: count }, (_, index) => trackOf(long, index)),
      [],
    );
    votesSchema.parse(state);
    return {
      bytes: JSON.stringify(state).length,
      texts: state.tracks.map((track) => voteOf(unpackTrack(track).network).text),
    };
  };
  t.equal(sizeOf(3).texts[0], voteOf(long).text);
  const many = sizeOf(100);
  t.ok(many.bytes < 20_000, `${many.bytes} bytes`);
  t.equal(many.texts[0]?.length, 12);
});

test('the schema rejects what no vote has written', async (t) => {
  t.same(votesSchema.parse(initialVotes), initialVotes);
  for (const wrong of [
    {},
    { tracks: [], reported: [['A', Number.NaN]] },
    { tracks: [[1]], reported: [] },
    { ...initialVotes, more: 1 },
  ]) {
    t.equal(votesSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
