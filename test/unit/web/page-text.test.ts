/** Results of pages of text. */
import { test } from 'tap';
import { confidentLines, isPage, pageTextOf } from '../../../src/web/page-text.ts';

const box = { x: 0, y: 0, w: 10, h: 10, score: 0.9 };
const line = (text: string, textScore: number, label = 'text') => ({ ...box, label, text, text_score: textScore });
const result = (rest: object) => ({ width: 100, height: 100, timings_ms: { total: 1 }, ...rest });

test('a page has a text of its own, or only lines of text', async (t) => {
  t.equal(isPage(result({ text: '', text_score: 0, detections: [] })), true, 'a whole page');
  t.equal(isPage(result({ detections: [line('a', 0.9), line('b', 0.9, 'line')] })), true, 'lines');
  t.equal(isPage(result({ detections: [line('AB123', 0.9, 'plate')] })), false, 'a plate');
  t.equal(isPage(result({ detections: [line('a', 0.9), line('AB123', 0.9, 'plate')] })), false, 'mixed');
  t.equal(isPage(result({ detections: [] })), false, 'nothing detected');
  t.equal(isPage(result({})), false, 'no detector');
});

test('lines recognized with confidence are the text, in order; guesses are left out', async (t) => {
  const page = result({ detections: [line('Invoice', 0.98), line('|~', 0.06), line('Total 12', 0.5)], text: 'x' });
  t.equal(pageTextOf(page), 'Invoice\nTotal 12');
  t.strictSame(
    confidentLines(page).map(({ text }) => text),
    ['Invoice', 'Total 12'],
  );
  t.equal(pageTextOf(result({ detections: [line('|~', 0.06, 'line')], text: '|~', text_score: 0.06 })), '');
});

test('a page without lines has its text, if that is confident', async (t) => {
  t.equal(pageTextOf(result({ text: ' Hello\n', text_score: 0.8 })), 'Hello');
  t.equal(pageTextOf(result({ text: 'Hello', text_score: 0.2 })), '');
});
