/** Runs the web pages shown in docs/guides/browser.md and docs/reference/client-api.md unchanged. Skipped without Chromium. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { findChromium, openPage } from '../support/browser.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { distFolder, needsDist } from '../support/installed-package.ts';
import { replaceIn, snippetsOf } from '../support/page-snippets.ts';

const chromium = findChromium();
const options = chromium === undefined ? { skip: 'no Chromium on the PATH or in CHROMIUM' } : needsDist;

const [html = '', completePage = ''] = snippetsOf('docs/guides/browser.md', 'html');
const keepFrames =
  snippetsOf('docs/reference/client-api.md', 'js').find((snippet) => snippet.includes('new Map')) ?? '';

/** Opens a page with `dist` next to it, as the snippet expects, and waits for its report. */
async function open(t: Test, page: string): Promise<unknown> {
  const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1', ALLOWED_ORIGINS: '*' });
  t.teardown(() => gateway.kill());
  return openPage(chromium ?? '', (path) => {
    if (path === '/') return replaceIn(page, 'ws://127.0.0.1:8000', gateway.httpUrl);
    const file = join(distFolder, path.replace('/framegate/', ''));
    return path.startsWith('/framegate/') && existsSync(file) ? readFileSync(file) : undefined;
  });
}

test('the minimal page shows results', options, async (t) => {
  const watch = `<script>
    const timer = setInterval(() => {
      const text = document.querySelector('pre').textContent;
      if (text === '') return;
      clearInterval(timer);
      fetch('/reports', { method: 'POST', body: text });
    }, 20);
  </script>`;
  const result = await open(t, `<!doctype html>${html}${watch}`);
  t.match(result, { width: 640, height: 480, detections: [], timings_ms: { total: Number } });
});

test('the snippet that keeps frames draws each result on its own frame', options, async (t) => {
  const draw = `const draw = ({ width, height }, detections) =>
    fetch('/reports', { method: 'POST', body: JSON.stringify({ width, height, detections }) });\n`;
  const result = await open(t, replaceIn(`<!doctype html>${html}`, 'streamCamera(stream, video);', draw + keepFrames));
  t.match(result, { width: 640, height: 480, detections: [] });
});

test('the complete page draws the camera and shows what was found', options, async (t) => {
  const watch = `<script>
    const timer = setInterval(() => {
      const { width, height } = document.querySelector('canvas');
      const status = document.querySelector('p').textContent;
      if (status === '') return;
      clearInterval(timer);
      fetch('/reports', { method: 'POST', body: JSON.stringify({ width, height, status }) });
    }, 20);
  </script>`;
  t.same(await open(t, replaceIn(completePage, '</html>', `${watch}</html>`)), {
    width: 640,
    height: 480,
    status: 'no plate',
  });
});
