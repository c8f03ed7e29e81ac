/** `ws` in front of a piscina pool: every frame is a task in the pool's queue, which is unbounded by default. */
import '../node-pipeline/no-telemetry.ts';

import { availableParallelism } from 'node:os';
import jpeg from 'jpeg-js';
import { Piscina } from 'piscina';
import { peerFlags, peerOptions, peerUsage, readFlags, wholeNumber } from '../node-pipeline/options.ts';
import type { Result } from '../node-pipeline/pipeline.ts';
import { serve } from '../node-pipeline/serve.ts';

const usage = `server.ts ${peerUsage} [--threads N] [--max-queue N]`;

const options = readFlags(usage, [...peerFlags, 'threads', 'max-queue'], (values) => ({
  ...peerOptions(values),
  threads: wholeNumber('--threads', values['threads'] ?? String(availableParallelism()), 1, 256),
  maxQueue: values['max-queue'] === undefined ? undefined : wholeNumber('--max-queue', values['max-queue'], 1, 1e6),
}));

const pool = new Piscina<Uint8Array, Result>({
  filename: new URL('worker.ts', import.meta.url).href,
  // By default, piscina ends idle threads above half the CPU count and thereby unloads their models.
  minThreads: options.threads,
  maxThreads: options.threads,
  ...(options.maxQueue === undefined ? {} : { maxQueue: options.maxQueue }),
  workerData: options,
});

// A thread runs one task at a time, so once one task per thread is done, all threads have loaded their models.
const blank = jpeg.encode({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 4) }).data;
await Promise.all(Array.from({ length: options.threads }, () => pool.run(blank)));

/** piscina's error message if a bounded queue is full. */
const queueFull = 'Task queue is at limit';

const answer = async (frame: Buffer) => {
  try {
    return await pool.run(frame);
  } catch (error) {
    if ((error as Error).message === queueFull) return undefined;
    throw error;
  }
};

// Terminating a thread during a run aborts the process, so running tasks finish first.
await serve(
  options.port,
  () => answer,
  () => pool.close({ force: true }),
);
