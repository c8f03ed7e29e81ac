/** The flags of both Node peers. */
import { parseArgs } from 'node:util';
import { defaultRecognizer, readers } from './models.ts';
import { decoders } from './picture.ts';
import type { PipelineOptions } from './pipeline.ts';

export interface PeerOptions extends PipelineOptions {
  readonly port: number;
}

type Values = Readonly<Record<string, string | undefined>>;

/** Reads `process.argv`; a fault is told in one line, with exit code 2. */
export function readFlags<T>(usage: string, names: readonly string[], read: (values: Values) => T): T {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    return read(parseArgs({ options }).values);
  } catch (error) {
    const [issue] = (error as Error).message.split('\n');
    process.stderr.write(`${issue}\nusage: ${usage}\n`);
    process.exit(2);
  }
}

/** More threads in a run took two to three times the processor time for a frame: they spin while they wait for each other. */
const defaultOrtThreads = '1';

export const peerFlags = ['port', 'reader', 'decoder', 'ort-threads'];
export const peerUsage = '[--port N] [--reader pp-ocrv4|plate-reader] [--decoder jpeg-js|jpeg-turbo] [--ort-threads N]';

export function peerOptions(values: Values): PeerOptions {
  return {
    port: wholeNumber('--port', values['port'] ?? '8000', 0, 65_535),
    reader: oneOf('--reader', values['reader'] ?? defaultRecognizer(), readers),
    decoder: oneOf('--decoder', values['decoder'] ?? 'jpeg-js', decoders),
    ortThreads: wholeNumber('--ort-threads', values['ort-threads'] ?? defaultOrtThreads, 0, 256),
  };
}

/** @throws Error in one line. */
export function wholeNumber(name: string, text: string, lowest: number, highest: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new Error(`${name} must be a whole number from ${lowest} to ${highest}; it is "${text}"`);
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new Error(`${name} must be one of ${allowed.join(', ')}; it is "${text}"`);
  return found;
}
