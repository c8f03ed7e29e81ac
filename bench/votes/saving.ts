/** What votes save: `plates` and `yolo_ocr` with the same recognizer, on the same frames. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configOfProcess } from '../../src/config.ts';
import { checkPipelines } from '../../src/pipeline/registry.ts';
import { VideoFilePipelineService } from '../../src/pipeline/video-file-pipeline-service.ts';
import type { FrameResult } from '../../src/protocol.ts';

export interface Cost {
  readonly pipeline: string;
  readonly model: string;
  /** Per second of the camera. */
  readonly runsPerSecond: number;
  readonly linesPerSecond: number;
  /** Results per second that one thread can give. */
  readonly resultsPerSecond: number;
  readonly events: number;
}

/** Shipped recognizer of both pipelines. */
const shippedModel = 'plate-reader';
/** V8 has compiled everything by then. */
const warmUpFrames = 20;

/** Runs a pipeline as fast as it can; its clock says that frames arrive at `fps`. */
export async function measureCost(
  pipeline: string,
  model: string,
  frames: readonly Uint8Array[],
  fps: number,
): Promise<Cost> {
  const service = await openVariant(pipeline, model);
  for (const [index, frame] of frames.slice(0, warmUpFrames).entries())
    await service.runOnFrame(pipeline, index, frame);
  const counter = new LineCounter();
  let state = '';
  let events = 0;
  const startedAtMs = performance.now();
  for (const [index, frame] of frames.entries()) {
    const elapsedMs = index === 0 ? undefined : 1000 / fps;
    const sessionMs = Math.round((1000 * index) / fps);
    const done = await service.runOnFrame(pipeline, index, frame, {
      state,
      clock: { sessionMs, elapsedMs, unixMs: sessionMs },
    });
    state = done.state;
    events += done.result.events?.length ?? 0;
    counter.add(done.result);
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  await service.close();
  const cameraSeconds = frames.length / fps;
  return {
    pipeline,
    model,
    runsPerSecond: counter.runs / cameraSeconds,
    linesPerSecond: counter.lines / cameraSeconds,
    resultsPerSecond: frames.length / seconds,
    events,
  };
}

async function openVariant(id: string, model: string): Promise<VideoFilePipelineService> {
  const config = configOfProcess();
  const path = join(config.modelsDir, 'pipelines', `${id}.json`);
  const text = readFileSync(path, 'utf8').replaceAll(`"${shippedModel}"`, JSON.stringify(model));
  return VideoFilePipelineService.create(await checkPipelines([{ path, text }], config), config);
}

/** Counts what was recognized: every text without a vote, and every vote that has one read more. */
class LineCounter {
  lines = 0;
  runs = 0;
  readonly #reads = new Map<number, number>();

  add({ detections = [] }: FrameResult): void {
    const before = this.lines;
    for (const { text, text_reads: reads, track_id: id = 0 } of detections) {
      if (reads === undefined) this.lines += text === undefined ? 0 : 1;
      else {
        this.lines += reads - (this.#reads.get(id) ?? 0);
        this.#reads.set(id, reads);
      }
    }
    if (this.lines > before) this.runs++;
  }
}
