/** `node bench/peers/agree.ts`: whether the peers see and read the same as the gateway in the same frames. */
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { renderFrames } from '../../src/samples/street-frames.ts';
import { readPhotos } from '../eval/truth.ts';
import { type Agreement, askForAnswers, compareAnswers } from './compare.ts';
import { type ReaderName, readWithGateway } from './gateway-answers.ts';
import { missingFor, type PeerName, peerNames, startPeer } from './start-peer.ts';

interface Flags {
  readonly reader?: ReaderName;
  readonly photos?: readonly string[];
  readonly python?: string;
  readonly verbose?: boolean;
}

/** A peer as it is asked; the Node peers with either decoder, since another decoder gives slightly other pixels. */
interface Variant {
  readonly label: string;
  readonly name: PeerName;
  readonly args: readonly string[];
  /** It decodes with the gateway's library, so that every answer must be the same. */
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
  .description('Sends the same frames to the peers and to the pipeline yolo_ocr in process, and compares the answers.')
  .addArgument(new Argument('[peer...]', 'peers to ask; all by default').choices(peerNames))
  .addOption(new Option('--reader <name>', 'reader of all').choices(['pp-ocrv4', 'plate-reader']))
  .option('--photos <dir...>', 'folders of JPEG files to send instead of rendered frames')
  .option('--python <path>', 'interpreter of the Python peers, instead of what make peers set up for each')
  .option('--verbose', 'tell each difference')
  .parse();
const flags = command.opts<Flags>();
const asked = command.args as PeerName[];

const frames = flags.photos?.flatMap(readPhotos).map(({ path }) => readFileSync(path)) ?? renderFrames();
const expected = await readWithGateway(frames, flags.reader);
const rows = [row('peer', 'frames', 'gateway', 'peer', 'same box', 'same text')];
for (const variant of variants.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const missing = missingFor(variant.name, pythonOf(variant.name));
  if (missing !== undefined) {
    rows.push(`${variant.label}: ${missing}`);
    process.exitCode = 1;
    continue;
  }
  const { expected: wanted, found, sameBox, sameText, differences } = await askPeer(variant);
  rows.push(row(variant.label, frames.length, wanted, found, sameBox, sameText));
  if (flags.verbose) rows.push(...differences);
  if (variant.sameDecoder && differences.length > 0) process.exitCode = 1;
}
process.stdout.write(`${rows.join('\n')}\n`);

async function askPeer({ name, args }: Variant): Promise<Agreement> {
  const readerArgs = flags.reader === undefined ? [] : ['--reader', flags.reader];
  const peer = await startPeer(name, [...args, ...readerArgs], pythonOf(name));
  try {
    return compareAnswers(expected, await askForAnswers(peer.url, frames));
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
