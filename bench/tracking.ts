/**
 * `npm run bench:tracking`: what `track.objects` costs per frame, and how well it keeps ids on simulated streets, or on rendered clips. With
 * `--peer`, public trackers run on the same boxes.
 */
import { Command, InvalidArgumentError } from 'commander';
import { readClips } from './tracking/clips.ts';
import { measureCost } from './tracking/cost.ts';
import { runPeers } from './tracking/peers.ts';
import { trackSequence } from './tracking/run.ts';
import { addCounts, type Counts, noCounts, type Rates, ratesOf, scoreSequence } from './tracking/score.ts';
import { type Conditions, type Sequence, simulate } from './tracking/simulation.ts';
import { type Kind, kinds, trackerParams } from './tracking/world.ts';

interface Flags {
  readonly kinds: readonly Kind[];
  readonly seeds: number;
  readonly seconds: number;
  readonly fps: readonly number[];
  readonly drops: readonly number[];
  readonly clips?: string;
  readonly peer?: boolean;
}

/** The defaults were tuned on seeds from 1 on. */
const firstSeed = 1001;

const flags = new Command('npm run bench:tracking --')
  .description('Measures track.objects: cost per frame, state size, and scores on simulated or rendered traffic.')
  .option('--kinds <list>', `what is simulated: ${kinds.join(', ')}`, kindNames, [...kinds])
  .option('--seeds <n>', 'simulated places per kind', wholeNumber, 6)
  .option('--seconds <n>', 'length of each simulation', wholeNumber, 40)
  .option('--fps <list>', 'frame rates', numbers, [5, 10, 15, 30])
  .option('--drops <list>', 'shares of frames that are dropped at random', numbers, [0, 0.3, 0.5, 0.7])
  .option('--clips <dir>', 'detect plates in the clips of native-models/training/render_clips.py instead of simulating')
  .option('--peer', 'run public trackers on the same boxes; needs `make peer-tracking`')
  .parse()
  .opts<Flags>();

const cost = await measureCost(50, 100, 3000);
print([
  `${cost.boxes} boxes, ${cost.tracks} tracks, state read, checked and written:`,
  `${cost.median_ms.toFixed(2)} ms median, ${cost.p95_ms.toFixed(2)} p95, ${cost.cpu_ms.toFixed(2)} CPU; state ${cost.state_bytes} bytes`,
]);

const sources = flags.clips === undefined ? flags.kinds : (['clips'] as const);
const clips = flags.clips === undefined ? undefined : await readClips(flags.clips);
for (const source of sources) {
  for (const fps of flags.fps) {
    for (const drops of flags.drops) await printConditions(source, { fps, drops });
  }
}

/** Prints one line per tracker. */
async function printConditions(source: (typeof sources)[number], conditions: Conditions): Promise<void> {
  const sequences = source === 'clips' ? clipsAt(conditions) : streetsAt(source, conditions);
  const name = `${source} ${conditions.fps} fps, ${Math.round(conditions.drops * 100)} % dropped`;
  const params = source === 'clips' ? {} : trackerParams[source];
  const tracked = await Promise.all(sequences.map((sequence) => trackSequence(sequence, params)));
  let counts: Counts = noCounts;
  for (const [index, { frames }] of sequences.entries())
    counts = addCounts(counts, scoreSequence(frames, tracked[index] ?? []));
  print([lineOf(name, 'track.objects', ratesOf(counts), counts.objects)]);
  if (!flags.peer) return;
  for (const peer of await runPeers(sequences, tracked)) print([lineOf(name, peer.tracker, peer, counts.objects)]);
}

function streetsAt(kind: Kind, conditions: Conditions): Sequence[] {
  return Array.from({ length: flags.seeds }, (_, index) =>
    simulate(kind, firstSeed + index, flags.seconds, conditions),
  );
}

function clipsAt(conditions: Conditions): Sequence[] {
  return (clips ?? []).map((clip) => clip.at(conditions));
}

function lineOf(name: string, tracker: string, { mota, idf1, switches }: Rates, objects: number): string {
  const figures = `MOTA ${mota.toFixed(3)}  IDF1 ${idf1.toFixed(3)}  switches ${String(switches).padStart(4)} of ${objects}`;
  return `${name.padEnd(28)} ${tracker.padEnd(34)} ${figures}`;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Must be an integer above 0.');
  return value;
}

function kindNames(text: string): Kind[] {
  const names = text.split(',');
  const known = kinds.filter((kind) => names.includes(kind));
  if (known.length < names.length) throw new InvalidArgumentError(`Must be of ${kinds.join(', ')}.`);
  return known;
}

function numbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (values.some((value) => !Number.isFinite(value) || value < 0))
    throw new InvalidArgumentError('Must be numbers separated by commas.');
  return values;
}
