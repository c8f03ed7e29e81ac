/** Finds the JPEG files given to a command. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';

/**
 * A file itself, or the `.jpg` and `.jpeg` files of a folder, sorted by name.
 * @throws ConfigError if the path does not exist.
 */
export function jpegFilesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
  } catch {
    throw new ConfigError([`${path} does not exist`]);
  }
  return readdirSync(path)
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => join(path, name));
}
