/** Addresses as users type them, and the resulting stream URLs. Shared by the TypeScript and Python client tests. Tests only. */
import { readFileSync } from 'node:fs';

const file = new URL('../fixtures/stream-addresses.json', import.meta.url);

/** For the pipeline `yolo`. */
export const streamAddresses = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
