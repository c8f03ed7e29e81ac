/** The only entry point of pipelines: takes the bytes of one frame, returns its result. Worker threads. */
import { FrameError } from '../errors.ts';
import type { ModelSource } from '../models/loader.ts';
import type { ModelInfo } from '../models/model-info.ts';
import type { FrameResult, ResultMessage } from '../protocol.ts';
import { type FrameMoment, noMoment } from '../session-state.ts';
import { JpegDecoder } from '../tools/jpeg-decoder.ts';
import { DagPipelineService, type DagRun } from './dag-pipeline-service.ts';
import type { Pipeline } from './registry.ts';
import { round, roundClasses, roundDetection, scoreDigits } from './rounding.ts';
import { jsonOf } from './tool-outputs.ts';

/** Decimal places of a time: ten microseconds. */
const millisecondDigits = 2;

/** The result of a frame without its events, and the state for its session's next frame. */
export interface ProcessedFrame extends ResultMessage, Pick<DagRun, 'events' | 'toolOf'> {
  /** Empty if the pipeline has none. */
  readonly state: string;
}

export class VideoFilePipelineService {
  readonly #decoder: JpegDecoder;
  readonly #dag: DagPipelineService;

  private constructor(decoder: JpegDecoder, dag: DagPipelineService) {
    this.#decoder = decoder;
    this.#dag = dag;
  }

  /** Loads everything that the pipelines need and warms it up, so the first frame is as fast as later ones. */
  static async create(pipelines: readonly Pipeline[], context: ModelSource): Promise<VideoFilePipelineService> {
    const service = new VideoFilePipelineService(
      await JpegDecoder.create(),
      await DagPipelineService.create(pipelines, context),
    );
    await service.#dag.warm();
    return service;
  }

  get models(): ModelInfo[] {
    return this.#dag.models;
  }

  get decoder(): string {
    return this.#decoder.engine;
  }

  /**
   * Decodes one JPEG frame and runs a pipeline on it.
   * @param frameBytes a JPEG, possibly with trailing bytes. Neither modified nor retained.
   * @param moment the state of its session and its time of arrival.
   * @throws FrameError `invalid_frame` when the frame cannot be decoded, `pipeline_failure` when a tool fails.
   */
  async runOnFrame(
    pipelineId: string,
    frameIndex: number,
    frameBytes: Uint8Array,
    moment: FrameMoment = noMoment,
  ): Promise<ProcessedFrame> {
    const startedAtMs = performance.now();
    const { image, warnings } = await this.#decoder.decode(frameBytes);
    const decodeMs = performance.now() - startedAtMs;
    const run = await this.#dag.run(pipelineId, image, moment);
    const timings = { decode: decodeMs, ...run.timingsMs, total: performance.now() - startedAtMs };
    const { events, toolOf, state } = run;
    const result = composeResult(image, warnings, run, timings);
    return { frame_index: frameIndex, result, events, toolOf, state };
  }

  close(): Promise<void> {
    return this.#dag.close();
  }
}

function composeResult(
  image: { width: number; height: number },
  warnings: readonly string[],
  { values, toolOf }: DagRun,
  timings: Readonly<Record<string, number>>,
): FrameResult {
  // The image is not part of a result, and the gateway writes the other keys, whatever a tool returned for them.
  const {
    image: _image,
    width: _width,
    height: _height,
    timings_ms: _timings,
    warnings: _warnings,
    events_lost: _lost,
    limited: _limited,
    detections,
    classes,
    text_score,
    ...others
  } = values;
  return {
    width: image.width,
    height: image.height,
    ...others,
    ...(detections && { detections: rounded('detections', () => detections.map(roundDetection), toolOf) }),
    ...(classes && { classes: rounded('classes', () => roundClasses(classes), toolOf) }),
    ...(text_score === undefined ? {} : { text_score: round(text_score, scoreDigits) }),
    ...(warnings.length === 0 ? {} : { warnings }),
    timings_ms: Object.fromEntries(Object.entries(timings).map(([id, ms]) => [id, round(ms, millisecondDigits)])),
  };
}

/** @throws FrameError that names the tool whose output has another shape than the port. */
function rounded<Value>(port: string, round: () => Value, toolOf: DagRun['toolOf']): Value {
  try {
    return round();
  } catch (cause) {
    throw new FrameError('pipeline_failure', `Output ${port} of ${toolOf(port)} is invalid`, { cause });
  }
}

/** The result as JSON text. @throws FrameError that names the tool whose output cannot be written. */
export function resultText({ result, toolOf }: ProcessedFrame): string {
  try {
    return JSON.stringify(result);
  } catch (cause) {
    for (const [port, value] of Object.entries(result))
      jsonOf(value, () => `Output ${port} of ${toolOf(port) ?? 'a tool'} is not JSON`);
    throw cause;
  }
}
