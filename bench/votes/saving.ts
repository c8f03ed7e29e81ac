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
/** Runs a pipeline as fast as it can. Its clock says that frames arrive at `fps`. */
export async function openMeter(pipeline: string, model: string, fps: number): Promise<Meter> {
  return new Meter(await openVariant(pipeline, model), pipeline, model, fps);
}

class Meter {
  readonly #service: VideoFilePipelineService;
  readonly #pipeline: string;
  readonly #model: string;
  readonly #fps: number;
  readonly #counter = new LineCounter();
  #state = '';
  #frames = 0;
  #events = 0;
  #runMs = 0;

  constructor(service: VideoFilePipelineService, pipeline: string, model: string, fps: number) {
    this.#service = service;
    this.#pipeline = pipeline;
    this.#model = model;
    this.#fps = fps;
  }

  async run(frames: readonly Uint8Array[]): Promise<void> {
    // V8 compiles everything first.
    if (this.#frames === 0) for (const frame of frames) await this.#service.runOnFrame(this.#pipeline, 0, frame);
    for (const frame of frames) {
      const sessionMs = Math.round((1000 * this.#frames) / this.#fps);
      const clock = { sessionMs, elapsedMs: this.#frames === 0 ? undefined : 1000 / this.#fps, unixMs: sessionMs };
      const startedAtMs = performance.now();
      const done = await this.#service.runOnFrame(this.#pipeline, this.#frames, frame, { state: this.#state, clock });
      this.#runMs += performance.now() - startedAtMs;
      this.#state = done.state;
      this.#frames++;
      this.#events += done.result.events?.length ?? 0;
      this.#counter.add(done.result);
    }
  }

  async close(): Promise<Cost> {
    await this.#service.close();
    const cameraSeconds = this.#frames / this.#fps;
    return {
      pipeline: this.#pipeline,
      model: this.#model,
      runsPerSecond: this.#counter.runs / cameraSeconds,
      linesPerSecond: this.#counter.lines / cameraSeconds,
      resultsPerSecond: (1000 * this.#frames) / this.#runMs,
      events: this.#events,
    };
  }
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
