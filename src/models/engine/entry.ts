/** The thread of an engine: opens its device, then serves the workers that are connected to it. */
import { parentPort, workerData } from 'node:worker_threads';
import { OnnxDevice } from './onnx-device.ts';
import { serveEngine } from './serve-engine.ts';
import type { EngineThreadData } from './thread-messages.ts';

if (parentPort === null) throw new Error('engine/entry must run in a worker thread');
const data = workerData as EngineThreadData;
await serveEngine(parentPort, data, () => OnnxDevice.open(data.providers, data.deviceId));
