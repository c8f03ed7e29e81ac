/** Installs the built package into a folder as npm would, for scripts that import it by name. Tests only. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The build output. */
export const distFolder = join(root, 'dist');

/** Options for a test that needs `dist`. */
export const needsDist = ['index.js', 'node.js'].every((name) => existsSync(join(distFolder, 'client', name)))
  ? {}
  : { skip: 'dist is missing; run `make build`' };

/** Installs `framegate` and the client's only dependency. */
export function installPackage(folder: string): void {
  const installed = join(folder, 'node_modules/framegate');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  cpSync(distFolder, join(installed, 'dist'), { recursive: true });
  cpSync(join(root, 'node_modules/ws'), join(folder, 'node_modules/ws'), { recursive: true });
}
