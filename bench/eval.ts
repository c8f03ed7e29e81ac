/** `npm run eval`: runs a pipeline over photographs in process and prints accuracy and speed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { JpegDecoder } from '../src/tools/jpeg-decoder.ts';
import { encodeJpeg } from '../test/support/samples/render-text.ts';
import { drawAnswer } from './eval/draw.ts';
import { type Answer, type Part, type Report, score } from './eval/score.ts';
import { type Photo, readPhotos } from './eval/truth.ts';
import { openPipeline } from './open-pipeline.ts';

interface Flags {
  readonly pipeline: string;
  readonly photos: readonly string[];
  readonly draw?: string;
  readonly json?: boolean;
}

const flags = new Command('npm run eval --')
  .description('Scores a pipeline on photographs. Each folder may have a truth.tsv: file, x, y, w, h, text.')
  .requiredOption('-p, --pipeline <id>', 'pipeline to run')
  .requiredOption('--photos <dir...>', 'folders of JPEG files')
  .option('--draw <dir>', 'write the photographs there with boxes and texts; errors are red')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<Flags>();

const service = await openPipeline(flags.pipeline);
const decoder = await JpegDecoder.create();
const answers: Answer[] = [];
for (const [index, photo] of flags.photos.flatMap(readPhotos).entries()) {
  const bytes = readFileSync(photo.path);
  const { result } = await service.runOnFrame(flags.pipeline, index, bytes);
  const { detections = [], timings_ms: timingsMs, width } = result;
  const answer = { objects: photo.objects, detections, timingsMs, width, group: groupOf(photo) };
  answers.push(answer);
  if (flags.draw !== undefined) await draw(photo, bytes, answer, flags.draw);
}
await service.close();
const report = score(answers);
process.stdout.write(`${flags.json ? JSON.stringify(report) : table(report)}\n`);

/** Writes `OUT/FOLDER/FILE`, since folders may have files with the same name. */
async function draw({ path }: Photo, bytes: Uint8Array, { objects, detections }: Answer, out: string): Promise<void> {
  const { image } = await decoder.decode(bytes);
  drawAnswer(image, objects, detections);
  const folder = join(out, basename(dirname(path)));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, basename(path)), encodeJpeg(image));
}

/** `br` of `br-001.jpg`. */
function groupOf({ path }: Photo): string {
  const name = basename(path);
  return name.includes('-') ? (name.split('-')[0] as string) : '';
}

function table({ stage_ms, groups, widths, ...figures }: Report): string {
  const rows = Object.entries(figures).map(([name, value]) => `${name.padEnd(24)}${Number(value.toFixed(4))}`);
  const stages = Object.entries(stage_ms).map(
    ([stage, { median, p95 }]) => `${`${stage} ms`.padEnd(24)}${median.toFixed(1)} median, ${p95.toFixed(1)} p95`,
  );
  return [...rows, ...stages, '', ...parts('group', groups), '', ...parts('width of 640', widths)].join('\n');
}

function parts(title: string, byName: Readonly<Record<string, Part>>): string[] {
  const cells = (name: string, values: readonly string[]) =>
    name.padEnd(24) + values.map((value) => value.padEnd(12)).join('');
  const rows = Object.entries(byName).map(([name, { objects, ...shares }]) =>
    cells(name, [String(objects), ...Object.values(shares).map((share) => share.toFixed(3))]).trimEnd(),
  );
  return [cells(title, ['objects', 'recall50', 'text_exact', 'text_alike']).trimEnd(), ...rows];
}
