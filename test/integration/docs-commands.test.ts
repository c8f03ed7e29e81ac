/** The `console` blocks of the documentation print what they show. custom-tools.md needs its own image, and has its own test. */
import { test } from 'tap';
import { noFfmpegReason } from '../support/camera-run.ts';
import { needsDist } from '../support/installed-package.ts';
import { runPageCommands } from '../support/page-transcripts.ts';

for (const page of [
  'docs/getting-started/install.md',
  'docs/getting-started/first-frame.md',
  'docs/reference/configuration.md',
  'docs/internals/dependencies.md',
  'docs/guides/custom-models.md',
  'docs/operations/troubleshooting.md',
]) {
  test(`the commands of ${page} print what it shows`, needsDist, (t) => runPageCommands(t, page));
}

test(
  'the commands of docs/guides/ip-cameras.md print what it shows',
  noFfmpegReason === false ? needsDist : { skip: noFfmpegReason },
  (t) => runPageCommands(t, 'docs/guides/ip-cameras.md'),
);
