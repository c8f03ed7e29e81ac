/** The commands on docs/guides/custom-tools.md print what the page shows. */
import { test } from 'tap';
import { needsDist } from '../support/installed-package.ts';
import { runPageCommands } from '../support/page-transcripts.ts';
import { encodeJpeg } from '../support/samples/render-text.ts';

test('the commands on docs/guides/custom-tools.md print what the page shows', needsDist, async (t) => {
  const tiny = encodeJpeg({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
  await runPageCommands(t, 'docs/guides/custom-tools.md', { 'tiny.jpg': tiny });
});
