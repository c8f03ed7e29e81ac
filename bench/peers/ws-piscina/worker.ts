/** A thread of the pool: the pipeline with models of its own. Exported as a promise, so that no task comes before they are loaded. */
import { workerData } from 'node:worker_threads';
import { PlatePipeline } from '../node-pipeline/pipeline.ts';

export default PlatePipeline.load(workerData).then((pipeline) => (frame: Uint8Array) => pipeline.run(frame));
