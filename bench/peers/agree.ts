/** `node bench/peers/agree.ts`: checks whether the peers return the same detections and texts as the gateway. */
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { renderFrames } from '../../test/support/samples/street-frames.ts';
import { readPhotos } from '../eval/truth.ts';
import { type Agreement, compareResults, requestResults } from './compare.ts';
import { type RecognizerName, runGateway } from './gateway-results.ts';
import { missingFor, type PeerName, peerNames, startPeer } from './start-peer.ts';

interface Flags {
  readonly reader?: RecognizerName;
  readonly photos?: readonly string[];
  readonly python?: string;
  readonly verbose?: boolean;
}

/** A peer with its arguments. The Node peers run with either decoder, since another decoder returns slightly different pixels. */
interface Variant {
  readonly label: string;
  readonly name: PeerName;
  readonly args: readonly string[];
  /** It decodes with the gateway's library, so every result must be the same. */
  readonly sameDecoder: boolean;
}

const variants: readonly Variant[] = [
  { label: 'fastapi', name: 'fastapi', args: [], sameDecoder: true },
  { label: 'litserve', name: 'litserve', args: [], sameDecoder: true },
  ...(['ws-main-thread', 'ws-piscina'] as const).flatMap((name) =>
    (['jpeg-js', 'jpeg-turbo'] as const).map((decoder) => ({
      label: `${name}, ${decoder}`,
      name,
      args: ['--decoder', decoder],
      sameDecoder: decoder === 'jpeg-turbo',
    })),
  ),
];

const command = new Command('node bench/peers/agree.ts')
  .description('Sends the same frames to the peers and to the pipeline yolo_ocr in process, and compares the results.')
  .addArgument(new Argument('[peer...]', 'peers to compare (default: all)').choices(peerNames))
  .addOption(new Option('--reader <name>', 'recognizer to use in all of them').choices(['pp-ocrv4', 'plate-reader']))
  .option('--photos <dir...>', 'folders of JPEG files to send instead of rendered frames')
  .option('--python <path>', 'interpreter of the Python peers, instead of those that make peers installs')
  .option('--verbose', 'print each difference')
  .parse();
const flags = command.opts<Flags>();
const selected = command.args as PeerName[];

const frames = flags.photos?.flatMap(readPhotos).map(({ path }) => readFileSync(path)) ?? renderFrames();
const expected = await runGateway(frames, flags.reader);
const rows = [row('peer', 'frames', 'gateway', 'peer', 'same box', 'same text')];
for (const variant of variants.filter(({ name }) => selected.length === 0 || selected.includes(name))) {
  const missing = missingFor(variant.name, pythonOf(variant.name));
  if (missing !== undefined) {
    rows.push(`${variant.label}: ${missing}`);
    process.exitCode = 1;
    continue;
  }
  const { expected: expectedCount, found, sameBox, sameText, differences } = await comparePeer(variant);
  rows.push(row(variant.label, frames.length, expectedCount, found, sameBox, sameText));
  if (flags.verbose) rows.push(...differences);
  if (variant.sameDecoder && differences.length > 0) process.exitCode = 1;
}
process.stdout.write(`${rows.join('\n')}\n`);

async function comparePeer({ name, args }: Variant): Promise<Agreement> {
  const readerArgs = flags.reader === undefined ? [] : ['--reader', flags.reader];
  const peer = await startPeer(name, [...args, ...readerArgs], pythonOf(name));
  try {
    return compareResults(expected, await requestResults(peer.url, frames));
  } finally {
    await peer.stop();
  }
}

function pythonOf(name: PeerName): string | undefined {
  return name === 'fastapi' || name === 'litserve' ? flags.python : undefined;
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  return name.padEnd(28) + cells.map((cell) => String(cell).padStart(10)).join('');
}
