/** docs/OWN_TOOL.md: its files are those of docs/examples, and its commands print what it shows. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { encodeJpeg } from '../../src/samples/render-text.ts';
import { needsDist } from '../support/installed-package.ts';
import { playPage } from '../support/page-transcripts.ts';

const page = 'docs/OWN_TOOL.md';
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the page shows the files of the example as they are', async (t) => {
  const shown = [...read(page).matchAll(/^<!-- (docs\/examples\/\S+) -->\n```\w+\n([\s\S]*?)^```$/gm)];
  t.equal(shown.length, 3);
  for (const [, path = '', code] of shown) t.equal(code, read(path), path);
});

test('the commands print what the page shows', needsDist, async (t) => {
  const tiny = encodeJpeg({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
  await playPage(t, page, { 'tiny.jpg': tiny });
});
