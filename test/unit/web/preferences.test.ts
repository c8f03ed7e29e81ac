/** Preferences in the page's URL. */
import { test } from 'tap';
import { readPreferences, writePreferences } from '../../../src/web/preferences.ts';

const fallback = { pipeline: undefined, source: 'sample', fps: 30, quality: 80, adapt: true } as const;

test('no query means defaults, and defaults produce no query', async (t) => {
  t.strictSame(readPreferences(''), fallback);
  t.equal(writePreferences(fallback), '');
});

test('formatting and parsing round-trip', async (t) => {
  const chosen = { pipeline: 'a b&c', source: 'camera', fps: 12, quality: 55, adapt: false } as const;
  t.strictSame(readPreferences(writePreferences(chosen)), chosen);
});

test('a file cannot be named in a URL', async (t) => {
  t.equal(writePreferences({ ...fallback, source: 'video' }), '');
  t.equal(readPreferences('?source=video').source, 'sample');
});

test('invalid values get their defaults', async (t) => {
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
