/** `npm run bench:jpeg`: compares which damaged JPEG files the gateway, Pillow and OpenCV decode, and measures the frame check. */

import { Command } from 'commander';
import { validateJpeg } from '../src/session/frame-validator.ts';
import { median } from '../src/statistics.ts';
import { renderFrames } from '../test/support/samples/street-frames.ts';
import { type Judged, judgeMutations, missingJudges } from './jpeg/judge.ts';

interface Flags {
  readonly count: string;
  readonly seed: string;
  readonly python: string;
  readonly show: string;
}

const flags = new Command('npm run bench:jpeg --')
  .description('Decodes mutated JPEG files with the gateway, Pillow and OpenCV (`make test-deps` installs them).')
  .option('-n, --count <n>', 'number of mutations', '10000')
  .option('--seed <n>', 'seed of the mutations', '1')
  .option('--python <path>', 'a Python with opencv-python-headless and pillow', 'test/.venv/bin/python')
  .option('--show <n>', 'number of files to list that only the gateway rejects', '20')
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
  const onlyRejected = shown.filter(({ refusal }) => refusal !== undefined);
  const onlyGateway = none.filter(({ refusal }) => refusal === undefined);
  print(`${judged.length} mutations: ${both.length} decoded by both, ${none.length} by neither`);
  print(`decoded by the gateway ÷ decoded by both: ${acceptedShare(both).toFixed(4)}`);
  print(`the same, where at least 1% of the image is decoded: ${acceptedShare(shown).toFixed(4)} of ${shown.length}`);
  print(`decoded only by the gateway: ${onlyGateway.length}`);
  for (const { what } of onlyGateway) print(`  only the gateway decodes: ${what}`);
  for (const { what, refusal } of onlyRejected.slice(0, Number(flags.show)))
    print(`  only the gateway rejects: ${what}: ${refusal}`);
}

function acceptedShare(judged: readonly Judged[]): number {
  return judged.filter(({ refusal }) => refusal === undefined).length / judged.length;
}

/** Prints the event loop's microseconds per frame, the median of several rounds. */
function timeChecks(): void {
  const [regular = new Uint8Array(0)] = renderFrames();
  const size = 5 * 1_048_576;
  const filled = (bytes: readonly number[], head: Uint8Array) => {
    const file = new Uint8Array(size);
    file.set(head);
    for (let at = head.length; at < size; at++) file[at] = bytes[(at - head.length) % bytes.length] as number;
    return file;
  };
  const start = Uint8Array.of(0xff, 0xd8);
  const files: Record<string, Uint8Array> = {
    'a regular frame': regular,
    'eight bytes after EOI': Uint8Array.from([...regular, ...Buffer.from('dhav\x01\x02\x03\x04')]),
    '5 MB after a missing EOI': filled([0xd9], regular.subarray(0, -2)),
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
  return median(rounds);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
