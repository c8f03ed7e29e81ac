/** The files of the repository, without what commands download or build. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const downloaded = /(^|\/)(node_modules|\.venv|training\/build)\//;

/** Paths from the root, of all files below a folder; of the root itself, only those directly in it. */
export function ownFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => !downloaded.test(name));
}
