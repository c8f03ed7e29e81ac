/** Reads the small text files of a models folder, and looks at what is none before it is opened. Any thread. */
import { readFileSync, type Stats, statSync } from 'node:fs';

/** A pipeline or a `model.json` has a few KB. */
export const maxTextFileBytes = 1_048_576;

/**
 * Makes sure that a path leads to a regular file, by links or directly: opening a FIFO waits for a writer that may never come, and a device never ends.
 * @throws Error with the reason, without the path.
 */
export function requireFile(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error('does not exist');
  if (stats.isDirectory()) throw new Error('is a folder');
  if (!stats.isFile()) throw new Error('is no regular file');
  return stats;
}

/** @throws Error with the reason when it cannot be read, or is no such small file. */
export function readTextFile(path: string): string {
  const { size } = requireFile(path);
  if (size > maxTextFileBytes) throw new Error(`has ${size} bytes; more than ${maxTextFileBytes} are not read`);
  return readFileSync(path, 'utf8');
}
