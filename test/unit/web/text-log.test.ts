/** The last texts, each once for as long as it is in sight. */
import { test } from 'tap';
import { maxLogEntries, minScore, TextLog } from '../../../src/web/text-log.ts';

const read = (text: string, score = 0.9) => ({ text, score, label: 'plate' });
const texts = (log: TextLog) => log.readings.map(({ text }) => text);

test('a text is new once, and seen after that', async (t) => {
  const log = new TextLog();
  t.match(log.add(read('AB123'), 0), { type: 'new', reading: { text: 'AB123', score: 0.9, lastSeenMs: 0 } });
  t.equal(log.add(read('AB123', 0.8), 100).type, 'seen');
  t.match(log.readings, [{ text: 'AB123', score: 0.9, lastSeenMs: 100 }]);
});

test('a clearly better reading wants a better crop', async (t) => {
  const log = new TextLog();
  log.add(read('AB123', 0.6), 0);
  t.equal(log.add(read('AB123', 0.62), 10).type, 'seen');
  t.match(log.add(read('AB123', 0.9), 20), { type: 'better', reading: { id: 0, score: 0.9 } });
});

test('a text that comes back later is another sighting', async (t) => {
  const log = new TextLog();
  log.add(read('AB123'), 0);
  t.equal(log.add(read('AB123'), 3000).type, 'seen');
  t.equal(log.add(read('AB123'), 6000).type, 'seen', 'being seen keeps it in sight');
  t.match(log.add(read('AB123'), 11_000), { type: 'new', reading: { id: 1 } });
  t.strictSame(texts(log), ['AB123', 'AB123']);
});

test('guesses and blanks are left out', async (t) => {
  const log = new TextLog();
  for (const guess of [read('AB', minScore - 0.01), read(' '), read(''), read('AB', Number.NaN)]) {
    t.equal(log.add(guess, 0).type, 'unsure');
  }
  t.strictSame(texts(log), []);
});

test(`the newest come first, and at most ${maxLogEntries} are kept`, async (t) => {
  const log = new TextLog();
  for (let number = 0; number < 25; number++) log.add(read(`T${number}`), number);
  t.strictSame(texts(log), ['T24', 'T23', 'T22', 'T21', 'T20', 'T19', 'T18', 'T17', 'T16', 'T15']);
});
