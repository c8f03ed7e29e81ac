/** Runs public trackers on sequences, in Python, and has them and own tracks scored by motmetrics. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Hypothesis, Rates } from './score.ts';
import type { Sequence } from './simulation.ts';

export interface PeerRates extends Rates {
  readonly tracker: string;
}

const python = fileURLToPath(new URL('../peers/tracking/.venv/bin/python', import.meta.url));
const script = fileURLToPath(new URL('../peers/tracking/trackers_on_boxes.py', import.meta.url));

/** @param tracked own boxes, per sequence and frame. @returns own rates first, as motmetrics sees them. */
export async function runPeers(
  sequences: readonly Sequence[],
  tracked: readonly (readonly (readonly Hypothesis[])[])[],
): Promise<PeerRates[]> {
  if (!existsSync(python)) throw new Error('run `make peer-tracking` first');
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const output = text(child.stdout);
  for (const [index, sequence] of sequences.entries()) child.stdin.write(`${encode(sequence, tracked[index] ?? [])}\n`);
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  const lines = (await output).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as PeerRates);
}

function encode({ frames }: Sequence, own: readonly (readonly Hypothesis[])[]): string {
  return JSON.stringify({
    frames: frames.map(({ atMs, truth, detections }, index) => ({
      at_ms: atMs,
      truth: truth.map(({ id, x, y, w, h, ignored }) => [id, x, y, w, h, Number(ignored)]),
      detections: detections.map(({ x, y, w, h, score }) => [x, y, w, h, score]),
      own: (own[index] ?? []).map(({ id, x, y, w, h }) => [id, x, y, w, h]),
    })),
  });
}
