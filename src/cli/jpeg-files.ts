/** Finds the JPEG files that a command was given. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';

/**
 * A file itself, or the `.jpg` and `.jpeg` files of a folder by name.
 * @throws ConfigError when there is nothing at the path.
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
