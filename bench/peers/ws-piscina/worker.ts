/** A thread of the pool with its own pipeline and models. The export is a promise, so tasks start only after the models are loaded. */
import { workerData } from 'node:worker_threads';
import { PlatePipeline } from '../node-pipeline/pipeline.ts';

export default PlatePipeline.load(workerData).then((pipeline) => (frame: Uint8Array) => pipeline.run(frame));
