/** The commands on docs/guides/counting.md print what the page shows, with the real model. */
import { test } from 'tap';
import { needsDist } from '../support/installed-package.ts';
import { runPageCommands } from '../support/page-transcripts.ts';

test('the commands on docs/guides/counting.md print what the page shows', needsDist, async (t) => {
  await runPageCommands(t, 'docs/guides/counting.md');
});
