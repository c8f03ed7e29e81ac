/** `npm run bench:jpeg`: which damaged JPEG files the gateway reads beside Pillow and OpenCV, and what checking a frame costs. */
import { Command } from 'commander';
import { renderFrames } from '../src/samples/street-frames.ts';
import { validateJpeg } from '../src/session/frame-validator.ts';
import { type Judged, judgeMutations, missingJudges } from './jpeg/judge.ts';

interface Flags {
  readonly count: string;
  readonly seed: string;
  readonly python: string;
  readonly show: string;
}

const flags = new Command('npm run bench:jpeg --')
  .description('Decodes mutated JPEG files with the gateway, Pillow and OpenCV (`make test-deps` installs them).')
  .option('-n, --count <n>', 'how many mutations', '10000')
  .option('--seed <n>', 'another seed gives other files', '1')
  .option('--python <path>', 'a Python with opencv-python-headless and pillow', 'test/.venv/bin/python')
  .option('--show <n>', 'so many of the files that only the gateway refuses', '20')
  .parse()
  .opts<Flags>();

const missing = missingJudges(flags.python);
if (missing === undefined) report(await judgeMutations(flags.python, Number(flags.count), Number(flags.seed)));
else process.stdout.write(`Not compared with Pillow and OpenCV: ${missing}\n`);
timeChecks();

function report(judged: readonly Judged[]): void {
  const both = judged.filter(({ pillow, opencv }) => pillow && opencv);
  const none = judged.filter(({ pillow, opencv }) => !pillow && !opencv);
  const shown = both.filter(({ presentPercent }) => presentPercent >= 1);
  const refused = shown.filter(({ refusal }) => refusal !== undefined);
  const taken = none.filter(({ refusal }) => refusal === undefined);
  print(`${judged.length} mutations: ${both.length} read by both, ${none.length} by neither`);
  print(`read by the gateway ÷ read by both: ${readShare(both).toFixed(4)}`);
  print(`the same, where 1 % of the picture is there: ${readShare(shown).toFixed(4)} of ${shown.length}`);
  print(`read by the gateway and by neither: ${taken.length}`);
  for (const { what } of taken) print(`  only the gateway reads: ${what}`);
  for (const { what, refusal } of refused.slice(0, Number(flags.show)))
    print(`  only the gateway refuses: ${what}: ${refusal}`);
}

function readShare(judged: readonly Judged[]): number {
  return judged.filter(({ refusal }) => refusal === undefined).length / judged.length;
}

/** Microseconds of the event loop for one frame, the median of several rounds. */
function timeChecks(): void {
  const [fallback = new Uint8Array(0)] = renderFrames();
  const most = 5 * 1_048_576;
  const filled = (bytes: readonly number[], head: Uint8Array) => {
    const file = new Uint8Array(most);
    file.set(head);
    for (let at = head.length; at < most; at++) file[at] = bytes[(at - head.length) % bytes.length] as number;
    return file;
  };
  const start = Uint8Array.of(0xff, 0xd8);
  const files: Record<string, Uint8Array> = {
    'a usual frame': fallback,
    'eight bytes after EOI': Uint8Array.from([...fallback, ...Buffer.from('dhav\x01\x02\x03\x04')]),
    '5 MB after a lost EOI': filled([0xd9], fallback.subarray(0, -2)),
    '5 MB of stray bytes': filled([0xff, 0x00], start),
    '5 MB of empty segments': filled([0xff, 0xfe, 0, 0], start),
    '5 MB of segments and stray bytes': filled([0xff, 0xfe, 0, 2, ...Array<number>(15).fill(1)], start),
  };
  for (const [name, bytes] of Object.entries(files))
    print(`${name.padEnd(34)}${checkMicroseconds(bytes).toFixed(2)} µs`);
}

function checkMicroseconds(bytes: Uint8Array): number {
  const limits = { maxFrameBytes: bytes.length, maxFrameLabel: '', maxPixels: 16_777_216 };
  const runs = bytes.length > 1_000_000 ? 20 : 20_000;
  const rounds = Array.from({ length: 9 }, () => {
    const startedAtMs = performance.now();
    for (let run = 0; run < runs; run++) validateJpeg(bytes, limits);
    return ((performance.now() - startedAtMs) * 1000) / runs;
  });
  return rounds.sort((a, b) => a - b)[4] as number;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
