/** Where the built-in frames are: eight street scenes with one license plate each. A file is named after the text of its plate. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../sample-frames', import.meta.url));

/** The folder of the built-in frames, relative to the current folder, as a user would type it. */
export function sampleFramesFolder(): string {
  return relative('', folder) || '.';
}
