/**
 * The thread of an engine that hangs for a time: a row whose first value is at least 1000 keeps it in native code for so many milliseconds.
 * `FRAMEGATE_TEST_FAULTS` says more, as JSON. Tests only.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { serveEngine } from '../../src/models/engine/serve-engine.ts';
import type { EngineThreadData } from '../../src/models/engine/thread-messages.ts';
import { inNativeCodeSync } from '../../src/observe/native-calls.ts';
import { block, SimulatedDevice } from './simulated-device.ts';

export interface EngineFaults {
  /** Path of a file with a byte for each start so far. */
  readonly attempts: string;
  /** The start at which the device cannot be used, from 1. */
  readonly failed: number;
}

const minHangMs = 1000;
const word = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

class FaultyDevice extends SimulatedDevice {
  override async load(name: string, path: string) {
    const model = await super.load(name, path);
    const run: typeof model.run = async (inputs, outputs) => {
      const first = Number(inputs['x']?.data[0]);
      if (first >= minHangMs) inNativeCodeSync(() => Atomics.wait(word, 0, 0, first));
      return model.run(inputs, outputs);
    };
    return { ...model, run };
  }
}

if (parentPort === null) throw new Error('faulty-engine must run in a worker thread');
const { attempts, failed } = JSON.parse(process.env['FRAMEGATE_TEST_FAULTS'] ?? '{}') as EngineFaults;
appendFileSync(attempts, '.');
const isFailed = readFileSync(attempts).length === failed;
const data = workerData as EngineThreadData;
await serveEngine(parentPort, data, async () => ({
  device: new FaultyDevice(block, data.deviceId),
  usable: isFailed ? [] : data.providers,
  errors: isFailed ? [{ provider: 'simulated', reason: 'device lost' }] : [],
}));
