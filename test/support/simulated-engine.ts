/** The thread of an engine with a simulated device. Tests and benchmarks. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveEngine } from '../../src/models/engine/serve-engine.ts';
import type { EngineThreadData } from '../../src/models/engine/thread-messages.ts';
import { block, SimulatedDevice } from './simulated-device.ts';

if (parentPort === null) throw new Error('simulated-engine must run in a worker thread');
const data = workerData as EngineThreadData;
await serveEngine(parentPort, data, async () => ({
  ...{ device: new SimulatedDevice(block, data.deviceId), usable: data.providers, errors: [] },
}));
