/** `npm run eval`: runs a pipeline over photographs, in process, and prints how much it sees and reads, and how fast. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Answer, type Report, score } from './eval/score.ts';
import { readPhotos } from './eval/truth.ts';
import { openPipeline } from './open-pipeline.ts';

interface Flags {
  readonly pipeline: string;
  readonly photos: readonly string[];
  readonly json?: boolean;
}

const flags = new Command('npm run eval --')
  .description('Scores a pipeline on photographs. Each folder may hold a truth.tsv: file, x, y, w, h, text.')
  .requiredOption('-p, --pipeline <id>', 'pipeline to run')
  .requiredOption('--photos <dir...>', 'folders of JPEG files')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<Flags>();

const service = await openPipeline(flags.pipeline);
const answers: Answer[] = [];
for (const [index, photo] of flags.photos.flatMap(readPhotos).entries()) {
  const { result } = await service.runOnFrame(flags.pipeline, index, readFileSync(photo.path));
  answers.push({ objects: photo.objects, detections: result.detections ?? [], timingsMs: result.timings_ms });
}
await service.close();
const report = score(answers);
process.stdout.write(`${flags.json ? JSON.stringify(report) : table(report)}\n`);

function table({ stage_ms, ...figures }: Report): string {
  const rows = Object.entries(figures).map(([name, value]) => `${name.padEnd(24)}${Number(value.toFixed(4))}`);
  const stages = Object.entries(stage_ms).map(
    ([stage, { median, p95 }]) => `${`${stage} ms`.padEnd(24)}${median.toFixed(1)} median, ${p95.toFixed(1)} p95`,
  );
  return [...rows, ...stages].join('\n');
}
