/** The recently recognized texts, each listed once while it stays in view. */
import { test } from 'tap';
import { maxLogEntries, minScore, TextLog } from '../../../src/web/text-log.ts';

const read = (text: string, score = 0.9) => ({ text, score, label: 'plate' });
const texts = (log: TextLog) => log.recognitions.map(({ text }) => text);

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

test('a text that reappears later is a new sighting', async (t) => {
  const log = new TextLog();
  log.add(read('AB123'), 0);
  t.equal(log.add(read('AB123'), 3000).type, 'seen');
  t.equal(log.add(read('AB123'), 6000).type, 'seen', 'each sighting extends the time');
  t.match(log.add(read('AB123'), 11_000), { type: 'new', recognition: { id: 1 } });
  t.strictSame(texts(log), ['AB123', 'AB123']);
});

test('low-confidence and blank texts are ignored', async (t) => {
  const log = new TextLog();
  for (const guess of [read('AB', minScore - 0.01), read(' '), read(''), read('AB', Number.NaN)]) {
    t.equal(log.add(guess, 0).type, 'ignored');
  }
  t.strictSame(texts(log), []);
});

test(`the newest texts come first, and at most ${maxLogEntries} are kept`, async (t) => {
  const log = new TextLog();
  for (let number = 0; number < 25; number++) log.add(read(`T${number}`), number);
  t.strictSame(texts(log), ['T24', 'T23', 'T22', 'T21', 'T20', 'T19', 'T18', 'T17', 'T16', 'T15']);
});
