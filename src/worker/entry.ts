/**
 * A worker thread's boot and loop: load everything, say `ready`, then one frame at a time.
 *
 *   loop ──frame──► its place in shared memory ──► runOnFrame ──► result as text, with its timings ──► loop
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError, FrameError, streamErrors } from '../errors.ts';
import { isTerminating, shareNativeCalls } from '../observe/native-calls.ts';
import { checkPipelines } from '../pipeline/registry.ts';
import { VideoFilePipelineService } from '../pipeline/video-file-pipeline-service.ts';
import type { FailedOutcome, FrameCommand, FromWorker, ResultOutcome, ToWorker, WorkerData } from '../pool/messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker/entry runs as a worker thread only');

/** How much nicer than the event loop a worker is. */
const niceness = 5;

/**
 * Where workers and cameras want more than the cores have, the event loop goes first: a frame is started, held or dropped when it comes,
 * not when a worker has used up its turn. On Linux a priority belongs to a thread; elsewhere it would be the whole process's.
 */
function yieldToLoop(): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
}

yieldToLoop();

const { memory, modelsDir, nativeCalls, providers, sources } = workerData as WorkerData;
shareNativeCalls(nativeCalls);
const frames = new Uint8Array(memory);

function send(message: FromWorker): void {
  port?.postMessage(message);
}

async function boot(): Promise<VideoFilePipelineService> {
  const context = { modelsDir, providers };
  const service = await VideoFilePipelineService.create(await checkPipelines(sources, context), context);
  send({ type: 'ready', report: { decoder: service.decoder, models: modelList(service) } });
  return service;
}

/** Each model once, however many nodes share it. */
function modelList(service: VideoFilePipelineService): { name: string; provider: string }[] {
  return [...new Map(service.models.map(({ name, provider }) => [name, { name, provider }])).values()];
}

async function runFrame(
  service: VideoFilePipelineService,
  { pipelineId, frameIndex, offset, byteLength }: FrameCommand,
): Promise<ResultOutcome | FailedOutcome> {
  try {
    const bytes = frames.subarray(offset, offset + byteLength);
    const { result } = await service.runOnFrame(pipelineId, frameIndex, bytes);
    return { type: 'result', text: JSON.stringify(result), timings: result.timings_ms };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): FailedOutcome {
  const reason = error instanceof Error ? describeWithCauses(error) : String(error);
  if (error instanceof FrameError) return { type: 'failed', code: error.code, detail: error.detail, reason };
  // Only writing the result is left: a tool has put something into it that JSON cannot hold.
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
      if (!isTerminating()) await service.close();
      // Ends this thread only. A tool may still hold the event loop, and nothing native runs while this line does.
      process.exit(0);
      break;
    default:
      order satisfies never;
  }
});

booting.catch((error: unknown) => {
  const issues = error instanceof ConfigError ? error.issues : [error instanceof Error ? error.message : String(error)];
  send({ type: 'boot_failed', issues });
  process.exitCode = 1;
  port.close();
});
