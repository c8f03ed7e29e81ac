/** Reads the small text files of a models folder and checks the file type before opening them. Any thread. */
import { readFileSync, type Stats, statSync } from 'node:fs';

/** Pipeline files and `model.json` are a few KB. */
export const maxTextFileBytes = 1_048_576;

/**
 * Requires a regular file, possibly behind symbolic links: opening a FIFO blocks until a writer appears, and reading a device may never end.
 * @throws Error with the reason, which does not include the path.
 */
export function requireFile(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error('does not exist');
  if (stats.isDirectory()) throw new Error('is a folder');
  if (!stats.isFile()) throw new Error('is not a regular file');
  return stats;
}

/** @throws Error with the reason when the file cannot be read or is too large. */
export function readTextFile(path: string): string {
  const { size } = requireFile(path);
  if (size > maxTextFileBytes) throw new Error(`has ${size} bytes; the limit is ${maxTextFileBytes}`);
  return readFileSync(path, 'utf8');
}
