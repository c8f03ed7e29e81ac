/** Finds the Node installed on the machine, other than the packaged one that runs the tests. Tests only. */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first other Node in PATH, or this one. */
export function hostNode(): string {
  const own = realpathSync(process.execPath);
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  const other = candidates.find(
    (path) => existsSync(path) && !path.includes('node_modules') && realpathSync(path) !== own,
  );
  return other ?? process.execPath;
}
