/**
 * A worker thread's boot and loop: load everything, say `ready`, then one frame at a time.
 *
 *   loop ──frame──► slot (shared memory) ──► runOnFrame ──► reply as text ──result──► loop
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameError, SetupError, streamErrors } from '../errors.ts';
import { loadPipelines } from '../pipeline/registry.ts';
import { VideoFilePipelineService } from '../pipeline/video-file-pipeline-service.ts';
import type { FrameOrder, FrameOutcome, FromWorker, ToWorker, WorkerSetup } from '../pool/messages.ts';
import { encodeResult } from '../protocol.ts';

const port = parentPort;
if (port === null) throw new Error('worker/entry runs as a worker thread only');

/** How much nicer than the event loop a worker is. */
const niceness = 5;

/**
 * Where workers and cameras want more than the cores have, the event loop goes first: a frame is answered or dropped when it comes,
 * not when a worker has used up its turn. On Linux a priority belongs to a thread; elsewhere it would be the whole process's.
 */
function yieldToLoop(): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
}

yieldToLoop();

const { slot, modelsDir, providers } = workerData as WorkerSetup;
const slotBytes = new Uint8Array(slot);

function send(message: FromWorker): void {
  port?.postMessage(message);
}

async function boot(): Promise<VideoFilePipelineService> {
  const context = { modelsDir, providers };
  const pipelines = await loadPipelines(context);
  const service = await VideoFilePipelineService.create(pipelines, context);
  const ids = pipelines.map((pipeline) => pipeline.id);
  send({ type: 'ready', report: { decoder: service.decoder, models: modelList(service), pipelines: ids } });
  return service;
}

/** Each model once, however many nodes share it. */
function modelList(service: VideoFilePipelineService): { name: string; provider: string }[] {
  return [...new Map(service.models.map(({ name, provider }) => [name, { name, provider }])).values()];
}

async function runFrame(service: VideoFilePipelineService, order: FrameOrder): Promise<FrameOutcome> {
  try {
    const bytes = slotBytes.subarray(0, order.byteLength);
    const message = await service.runOnFrame(order.pipelineId, order.frameIndex, bytes);
    return { type: 'result', message: encodeResult(message) };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): FrameOutcome {
  const reason = error instanceof Error ? describeWithCauses(error) : String(error);
  if (error instanceof FrameError) return { type: 'failed', code: error.code, detail: error.detail, reason };
  // Only writing the reply is left: a tool has put something into the result that JSON cannot hold.
  return { type: 'failed', code: 'pipeline_failure', detail: streamErrors.pipeline_failure.detail, reason };
}

function describeWithCauses(error: Error): string {
  return error.cause instanceof Error ? `${error.message} <- ${describeWithCauses(error.cause)}` : error.message;
}

const booting = boot();

port.on('message', async (order: ToWorker) => {
  const service = await booting;
  switch (order.type) {
    case 'frame':
      send(await runFrame(service, order));
      return;
    case 'stop':
      await service.close();
      // Ends this thread only. A tool may still hold the event loop, and nothing native runs while this line does.
      process.exit(0);
      break;
    default:
      order satisfies never;
  }
});

booting.catch((error: unknown) => {
  const faults = error instanceof SetupError ? error.faults : [error instanceof Error ? error.message : String(error)];
  send({ type: 'boot_failed', faults });
  process.exitCode = 1;
  port.close();
});
