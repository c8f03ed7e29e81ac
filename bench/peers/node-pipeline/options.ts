/** Flags of both Node peers. */
import { parseArgs } from 'node:util';
import { decoders } from './image.ts';
import { defaultRecognizer, recognizerNames } from './models.ts';
import type { PipelineOptions } from './pipeline.ts';

export interface PeerOptions extends PipelineOptions {
  readonly port: number;
}

type Values = Readonly<Record<string, string | undefined>>;

/** Parses `process.argv`. An invalid flag prints one line and exits with code 2. */
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

/** More threads per run took two to three times the CPU time per frame: they spin while waiting for each other. */
const defaultOrtThreads = '1';

export const peerFlags = ['port', 'reader', 'decoder', 'ort-threads'];
export const peerUsage = '[--port N] [--reader pp-ocrv4|plate-reader] [--decoder jpeg-js|jpeg-turbo] [--ort-threads N]';

export function peerOptions(values: Values): PeerOptions {
  return {
    port: wholeNumber('--port', values['port'] ?? '8000', 0, 65_535),
    recognizer: oneOf('--reader', values['reader'] ?? defaultRecognizer(), recognizerNames),
    decoder: oneOf('--decoder', values['decoder'] ?? 'jpeg-js', decoders),
    ortThreads: wholeNumber('--ort-threads', values['ort-threads'] ?? defaultOrtThreads, 0, 256),
  };
}

/** @throws Error with one line. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name} must be an integer from ${min} to ${max}, not "${text}"`);
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new Error(`${name} must be one of ${allowed.join(', ')}, not "${text}"`);
  return found;
}
