/** What the address of the page can ask for. */
import { test } from 'tap';
import { readPreferences, writePreferences } from '../../../src/web/preferences.ts';

const fallback = { pipeline: undefined, source: 'sample', fps: 30, quality: 80, adapt: true } as const;

test('an address without a query is as usual, and stays without one', async (t) => {
  t.strictSame(readPreferences(''), fallback);
  t.equal(writePreferences(fallback), '');
});

test('what is written is read again', async (t) => {
  const chosen = { pipeline: 'a b&c', source: 'camera', fps: 12, quality: 55, adapt: false } as const;
  t.strictSame(readPreferences(writePreferences(chosen)), chosen);
});

test('a file cannot be named in an address', async (t) => {
  t.equal(writePreferences({ ...fallback, source: 'video' }), '');
  t.equal(readPreferences('?source=video').source, 'sample');
});

test('what makes no sense is as usual', async (t) => {
  for (const query of [
    '?fps=0',
    '?fps=61',
    '?fps=x',
    '?fps=',
    '?fps=NaN',
    '?fps=1e9',
    '?quality=-1',
    '?quality=100',
    '?pipeline=',
  ]) {
    t.strictSame(readPreferences(query), fallback, query);
  }
});
