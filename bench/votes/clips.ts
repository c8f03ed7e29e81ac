/** Reads the clips of `native-models/training/render_clips.py`: frames, and the text of each plate in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Detection } from '../../src/protocol.ts';

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const headerSchema = z.object({ fps: z.number() });
const frameSchema = z.object({
  frame: z.number(),
  at_ms: z.number(),
  objects: z.array(z.object({ id: z.number(), text: z.string(), plate: box.nullable() })),
});

export type TruePlate = { readonly id: number; readonly text: string; readonly box: readonly number[] };

export interface ClipFrame {
  readonly path: string;
  readonly atMs: number;
  readonly plates: readonly TruePlate[];
}

export interface Clip {
  readonly name: string;
  readonly frames: readonly ClipFrame[];
}

/** @param dir has a folder per clip. @param fps frames per second to keep, of those that the clip has. */
export function readClips(dir: string, fps: number): Clip[] {
  const folders = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).sort();
  return names.map((name) => ({ name, frames: readFrames(join(dir, name), fps) }));
}

function readFrames(folder: string, fps: number): ClipFrame[] {
  const [head = '', ...lines] = readFileSync(join(folder, 'truth.jsonl'), 'utf8').trimEnd().split('\n');
  const step = Math.max(1, Math.round(headerSchema.parse(JSON.parse(head)).fps / fps));
  const frames = lines.map((line) => frameSchema.parse(JSON.parse(line)));
  return frames
    .filter((_, index) => index % step === 0)
    .map(({ frame, at_ms: atMs, objects }) => ({
      path: join(folder, `${String(frame).padStart(6, '0')}.jpg`),
      atMs,
      plates: objects.flatMap(({ id, text, plate }) => (plate === null ? [] : [{ id, text, box: plate }])),
    }));
}

/** A detection shows the plate that it overlaps most, by at least this IoU. Small boxes are off by a pixel or two on each side. */
const minOverlap = 0.3;

/** The plate that a detection shows; undefined if it shows none. */
export function plateOf({ x, y, w, h }: Detection, plates: readonly TruePlate[]): TruePlate | undefined {
  const overlaps = plates.map((plate) => ({ plate, overlap: overlapOf([x, y, w, h], plate.box) }));
  const [best] = overlaps.sort((a, b) => b.overlap - a.overlap);
  return best !== undefined && best.overlap >= minOverlap ? best.plate : undefined;
}

/** IoU of two boxes `[x, y, w, h]`. */
function overlapOf(a: readonly number[], b: readonly number[]): number {
  const [ax = 0, ay = 0, aw = 0, ah = 0] = a;
  const [bx = 0, by = 0, bw = 0, bh = 0] = b;
  const shared =
    Math.max(0, Math.min(ax + aw, bx + bw) - Math.max(ax, bx)) *
    Math.max(0, Math.min(ay + ah, by + bh) - Math.max(ay, by));
  return shared / Math.max(1e-9, aw * ah + bw * bh - shared);
}

/** Letters and digits: spaces, hyphens and dots of a plate are guesses. */
export function plain(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
}
