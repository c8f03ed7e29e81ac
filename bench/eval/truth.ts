/** Reads a folder of photographs with what is known about them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An object that is in a photograph, in its pixels. */
export interface TrueObject {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly text: string;
}

export interface Photo {
  readonly path: string;
  /** Empty where the photograph shows none. */
  readonly objects: readonly TrueObject[];
}

const columns = ['file', 'x', 'y', 'w', 'h', 'text'];

/**
 * The photographs of a folder (`.jpg`, `.jpeg`) with the objects that its `truth.tsv` gives them: a header line, then
 * `file x y w h text` separated by tabs, a line for each object. A file without a line is empty.
 * @throws Error that names the file and line of a fault.
 */
export function readPhotos(folder: string): Photo[] {
  const objects = readTruth(join(folder, 'truth.tsv'));
  const names = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
  const missing = [...objects.keys()].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${folder}: truth.tsv names files that are not there: ${missing.join(', ')}`);
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
