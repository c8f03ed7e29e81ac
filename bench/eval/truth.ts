/** Reads a folder of photographs and its ground truth. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An object in a photograph, in image pixels. */
export interface TrueObject {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly text: string;
}

export interface Photo {
  readonly path: string;
  /** Empty if the photograph shows none. */
  readonly objects: readonly TrueObject[];
}

const columns = ['file', 'x', 'y', 'w', 'h', 'text'];

/**
 * The photographs of a folder (`.jpg`, `.jpeg`) with their objects from `truth.tsv`: a header line, then
 * `file x y w h text` separated by tabs, one line per object. A file without lines has no objects.
 * @throws Error with file and line of an issue.
 */
export function readPhotos(folder: string): Photo[] {
  const objects = readTruth(join(folder, 'truth.tsv'));
  const names = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
  const missing = [...objects.keys()].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${folder}: truth.tsv names missing files: ${missing.join(', ')}`);
  return names.sort().map((name) => ({ path: join(folder, name), objects: objects.get(name) ?? [] }));
}

function readTruth(path: string): Map<string, TrueObject[]> {
  const objects = new Map<string, TrueObject[]>();
  if (!existsSync(path)) return objects;
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  if (header !== columns.join('\t')) throw new Error(`${path}:1: expected the columns ${columns.join(', ')}`);
  for (const [index, line] of lines.entries()) {
    const [file, x, y, w, h, text] = line.split('\t');
    const numbers = [x, y, w, h].map(Number);
    if (file === undefined || text === undefined || !numbers.every(Number.isFinite)) {
      throw new Error(`${path}:${index + 2}: expected ${columns.join(', ')}`);
    }
    const object = { x: Number(x), y: Number(y), w: Number(w), h: Number(h), text };
    objects.set(file, [...(objects.get(file) ?? []), object]);
  }
  return objects;
}
