/** Redundant slashes are ignored, and the right path is suggested for a similar one. */
import { test } from 'tap';
import { normalizeSlashes, suggestPath } from '../../../src/server/paths.ts';

test('repeated and trailing slashes are removed', async (t) => {
  const cases = { '/a/b': '/a/b', '/a/b/': '/a/b', '//a///b//': '/a/b', '/': '/', '//': '/', '': '' };
  for (const [path, expected] of Object.entries(cases)) t.equal(normalizeSlashes(path), expected, path);
});

test('the time grows linearly with the number of slashes', async (t) => {
  // In quadratic time, this would take hours.
  t.equal(normalizeSlashes(`${'/'.repeat(3_000_000)}a${'/'.repeat(3_000_000)}`), '/a');
});

test('a path is suggested despite wrong slashes, case, a prefix, or a missing end', async (t) => {
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
