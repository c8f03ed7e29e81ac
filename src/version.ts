/** The version of this package. Main thread. */
import { readFileSync } from 'node:fs';

/** As in package.json, which is next to `src` in a checkout and next to `dist` in the package. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
