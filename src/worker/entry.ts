/**
 * A worker thread's startup and loop: loads everything, sends `ready`, then processes one frame at a time.
 *
 *   event loop ──frame──► slot in shared memory ──► runOnFrame ──► result as text, with its timings ──► event loop
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError, FrameError, streamErrors } from '../errors.ts';
import { EngineClient } from '../models/engine/engine-client.ts';
import { engineLossOf } from '../models/engine/engine-lost.ts';
import type { ModelInfo } from '../models/model-info.ts';
import { isTerminating, shareNativeCalls } from '../observe/native-calls.ts';
import { checkPipelines } from '../pipeline/registry.ts';
import { resultText, VideoFilePipelineService } from '../pipeline/video-file-pipeline-service.ts';
import type {
  FrameCommand,
  FrameOutcome,
  FromWorker,
  ProviderError,
  ReportedModel,
  ToWorker,
  WorkerData,
} from '../pool/messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker/entry must run in a worker thread');

/** Precision of a time: ten microseconds, as in the result. */
const perMillisecond = 100;

/** Added to the event loop's nice value. */
const niceness = 5;

/**
 * On an overloaded CPU the event loop must run first: a frame is started, held or dropped when it arrives, not when a worker has used
 * up its time slice. On Linux a priority applies to a thread; elsewhere it would apply to the whole process.
 */
function yieldToLoop(): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
}

yieldToLoop();

const { memory, modelsDir, nativeCalls, providers, sources, engines: links } = workerData as WorkerData;
shareNativeCalls(nativeCalls);
const frames = new Uint8Array(memory);
const engines =
  links.length === 0 ? undefined : new EngineClient(links, (engine) => send({ type: 'engine_unlinked', engine }));

function send(message: FromWorker): void {
  port?.postMessage(message);
}

async function boot(): Promise<VideoFilePipelineService> {
  const context = { modelsDir, providers, engines };
  const service = await VideoFilePipelineService.create(await checkPipelines(sources, context), context);
  const report = { decoder: service.decoder, models: modelList(service) };
  send({ type: 'ready', report, providerErrors: providerErrorsOf(service), needsEngine: engines?.isUsed === true });
  return service;
}

/** Each model once, even if several nodes share it. */
function modelList(service: VideoFilePipelineService): ReportedModel[] {
  return [...new Map(service.models.map((model) => [model.name, reported(model)])).values()];
}

function reported({ name, provider, device, maxBatch }: ModelInfo): ReportedModel {
  return {
    ...{ name, provider },
    ...(device !== undefined && { device }),
    ...(maxBatch !== undefined && { max_batch: maxBatch }),
  };
}

/** Each error once, even if several nodes share the model. */
function providerErrorsOf(service: VideoFilePipelineService): ProviderError[] {
  return [...new Map(service.models.map((model) => [model.name, model])).values()].flatMap(
    ({ name, providerErrors = [] }) => providerErrors.map((reason) => ({ model: name, reason })),
  );
}

async function runFrame(
  service: VideoFilePipelineService,
  { pipelineId, frameIndex, moment, offset, byteLength }: FrameCommand,
): Promise<FrameOutcome> {
  try {
    const bytes = frames.subarray(offset, offset + byteLength);
    const run = await service.runOnFrame(pipelineId, frameIndex, bytes, moment);
    const startedAtMs = performance.now();
    const text = resultText(run);
    const encode = Math.round((performance.now() - startedAtMs) * perMillisecond) / perMillisecond;
    // A node may have the same name.
    const { timings_ms } = run.result;
    const timings = { ...timings_ms, encode: timings_ms['encode'] ?? encode };
    return { type: 'result', text, timings, state: run.state || undefined, events: run.events };
  } catch (error) {
    return failureOf(error);
  } finally {
    engines?.giveUpClaims();
  }
}

function failureOf(error: unknown): FrameOutcome {
  const loss = engineLossOf(error);
  if (loss !== undefined) return { type: 'dropped', reason: loss.wasSubmitted ? 'engine_lost' : 'busy' };
  const reason = error instanceof Error ? describeWithCauses(error) : String(error);
  if (error instanceof FrameError) return { type: 'failed', code: error.code, detail: error.detail, reason };
  // A mistake of this process: tools' own fail as FrameErrors.
  return { type: 'failed', code: 'pipeline_failure', detail: streamErrors.pipeline_failure.detail, reason };
}

function describeWithCauses(error: Error): string {
  return error.cause instanceof Error ? `${error.message} <- ${describeWithCauses(error.cause)}` : error.message;
}

const booting = boot();

port.on('message', async (order: ToWorker) => {
  // These two at once, since the boot may be waiting for an engine, and in their order: an engine may be lost while it is linked.
  if (order.type === 'engine_lost') engines?.lose(order.engine);
  const linked = order.type === 'link_engine' && engines?.link(order.link);
  // A stop order may arrive while the boot fails, which is reported below.
  const service = await booting.catch(() => undefined);
  if (service === undefined) return;
  switch (order.type) {
    case 'frame':
      send(await runFrame(service, order));
      return;
    case 'stop':
      if (!isTerminating()) await service.close();
      // Ends only this thread. A tool may keep its event loop busy, and no native code is running at this point.
      process.exit(0);
      break;
    case 'link_engine':
      // If the models cannot be opened there, the thread ends with the error, and is replaced.
      if (await linked) send({ type: 'engine_linked', number: order.number });
      return;
    case 'engine_lost':
      return;
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
