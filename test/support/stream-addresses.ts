/** Addresses as people write them, and what every client makes of each: TypeScript's and Python's read the same file. Tests only. */
import { readFileSync } from 'node:fs';

const file = new URL('../fixtures/stream-addresses.json', import.meta.url);

/** For the pipeline `yolo`. */
export const streamAddresses = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
