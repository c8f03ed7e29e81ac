/** The recently recognized texts, each listed once per source. */
import { test } from 'tap';
import { maxLogEntries, minScore, TextLog } from '../../../src/web/text-log.ts';

const read = (text: string, score = 0.9, source = 'Sample') => ({ text, score, source, label: 'plate' });
/** The listed texts by source. */
const listed = (log: TextLog, nowMs: number) =>
  log.groups(nowMs).map(({ source, recognitions }) => [source, ...recognitions.map(({ text }) => text)]);

test('a text is new once, then seen', async (t) => {
  const log = new TextLog();
  t.match(log.add(read('AB123'), 0), { type: 'new', recognition: { text: 'AB123', score: 0.9, lastSeenMs: 0 } });
  t.equal(log.add(read('AB123', 0.8), 100).type, 'seen');
  t.match(log.recognitions, [{ text: 'AB123', score: 0.9, lastSeenMs: 100 }]);
});

test('a clearly better recognition replaces the crop', async (t) => {
  const log = new TextLog();
  log.add(read('AB123', 0.6), 0);
  t.equal(log.add(read('AB123', 0.62), 10).type, 'seen');
  t.match(log.add(read('AB123', 0.9), 20), { type: 'better', recognition: { id: 0, score: 0.9 } });
});

test('a text that reappears moves to the top and is not listed twice', async (t) => {
  const log = new TextLog();
  log.add(read('AB123'), 0);
  log.add(read('CD456'), 5000);
  t.strictSame(listed(log, 5000), [['Sample', 'CD456', 'AB123']]);
  t.equal(log.add(read('AB123'), 6000).type, 'seen');
  t.strictSame(listed(log, 6000), [['Sample', 'AB123', 'CD456']]);
});

test('texts are sorted by when they were last seen', async (t) => {
  const log = new TextLog();
  for (const [text, atMs] of [
    ['A', 0],
    ['B', 1000],
    ['C', 2000],
    ['A', 9000],
    ['B', 5000],
  ] as const)
    log.add(read(text), atMs);
  t.strictSame(listed(log, 20_000), [['Sample', 'A', 'B', 'C']]);
});

test('texts in view keep their order, even if one is missed in some frames', async (t) => {
  const log = new TextLog();
  log.add(read('A'), 0);
  log.add(read('B'), 100);
  for (let atMs = 200; atMs < 3000; atMs += 100) {
    log.add(read('A'), atMs);
    if (atMs % 700 === 0) log.add(read('B'), atMs);
    t.strictSame(listed(log, atMs), [['Sample', 'B', 'A']]);
  }
});

test('texts of different sources are separate, those of the latest source first', async (t) => {
  const log = new TextLog();
  log.add(read('A'), 0);
  log.add(read('A', 0.9, 'car.jpg'), 10_000);
  log.add(read('B', 0.9, 'car.jpg'), 20_000);
  t.strictSame(listed(log, 30_000), [
    ['car.jpg', 'B', 'A'],
    ['Sample', 'A'],
  ]);
  log.add(read('C'), 40_000);
  t.strictSame(listed(log, 40_000), [
    ['Sample', 'C', 'A'],
    ['car.jpg', 'B', 'A'],
  ]);
});

test('low-confidence and blank texts are ignored', async (t) => {
  const log = new TextLog();
  for (const guess of [read('AB', minScore - 0.01), read(' '), read(''), read('AB', Number.NaN)]) {
    t.equal(log.add(guess, 0).type, 'ignored');
  }
  t.strictSame(listed(log, 0), []);
});

test(`at most ${maxLogEntries} texts are kept: those seen last`, async (t) => {
  const log = new TextLog();
  for (let number = 0; number < 25; number++) {
    log.add(read(`T${number}`), 10_000 * number);
    log.add(read('T0'), 10_000 * number);
  }
  const newest = Array.from({ length: maxLogEntries - 1 }, (_, index) => `T${24 - index}`);
  t.strictSame(listed(log, 999_999), [['Sample', ...['T24', 'T0'], ...newest.slice(1)]]);
});

test('the text of a track may change, and takes the place of what it was', async (t) => {
  const log = new TextLog();
  const ofTrack = (text: string, score: number, id: number, session = 1) => ({
    ...read(text, score),
    track: { session, id, isSettled: score > 0.9 },
  });
  log.add(ofTrack('A8123', 0.6, 1), 0);
  t.equal(log.add(ofTrack('A8123', 0.6, 1), 100).type, 'seen');
  t.equal(log.add(ofTrack('AB123', 0.55, 1), 200).type, 'better', 'another text has another crop');
  t.match(log.recognitions, [{ id: 0, text: 'AB123', score: 0.55, track: { isSettled: false } }]);
  log.add(ofTrack('AB123', 0.95, 1), 300);
  t.match(log.recognitions, [{ id: 0, text: 'AB123', score: 0.95, track: { isSettled: true } }]);
  log.add(ofTrack('CD456', 0.95, 2), 400);
  t.strictSame(listed(log, 400), [['Sample', 'CD456', 'AB123']]);
});

test('a text that another track has now is listed once, and a number means another track in another session', async (t) => {
  const log = new TextLog();
  const ofTrack = (text: string, id: number, session: number) => ({ ...read(text), track: { session, id } });
  log.add(ofTrack('AB123', 1, 1), 0);
  log.add(ofTrack('XY999', 2, 1), 0);
  log.add(ofTrack('AB123', 2, 1), 100);
  t.match(log.recognitions, [{ text: 'AB123', track: { id: 2 } }]);
  log.add(ofTrack('CD456', 2, 2), 200);
  t.strictSame(listed(log, 200), [['Sample', 'CD456', 'AB123']]);
  log.add(ofTrack('AB123', 3, 2), 300);
  t.strictSame(listed(log, 300), [['Sample', 'CD456', 'AB123']], 'the same text comes back with another number');
});
