/** Slashes that mean nothing do not count, and a path that is nearly right leads to the one that is. */
import { test } from 'tap';
import { normalizeSlashes, suggestPath } from '../../../src/server/paths.ts';

test('slashes that are doubled or at the end are left out', async (t) => {
  const cases = { '/a/b': '/a/b', '/a/b/': '/a/b', '//a///b//': '/a/b', '/': '/', '//': '/', '': '' };
  for (const [path, expected] of Object.entries(cases)) t.equal(normalizeSlashes(path), expected, path);
});

test('a hundred thousand slashes take no time', async (t) => {
  const startedAtMs = performance.now();
  t.equal(normalizeSlashes(`${'/'.repeat(100_000)}a${'/'.repeat(100_000)}`), '/a');
  t.ok(performance.now() - startedAtMs < 500);
});

test('what was meant is found by slashes, case, a prefix, or an end that is lacking', async (t) => {
  const known = ['/healthz', '/ws/video/stream', '/frames'];
  const cases = {
    '/healthz/': '/healthz',
    '//healthz': '/healthz',
    '/HealthZ': '/healthz',
    '/v1/frames': '/frames',
    '/gate/ws/video/stream/': '/ws/video/stream',
    '/ws': '/ws/video/stream',
    '/ws/video/': '/ws/video/stream',
  };
  for (const [path, expected] of Object.entries(cases)) t.equal(suggestPath(path, known), expected, path);
  for (const path of ['/', '//', '/w', '/video', '/myframes', '/frames/1', '/%2e%2e/x', '/favicon.ico']) {
    t.equal(suggestPath(path, known), undefined, path);
  }
});
