/** Detects, follows and recognizes the plates of a clip, by single frames and by votes, on the same boxes. */
import { readFileSync } from 'node:fs';
import { configOfProcess } from '../../src/config.ts';
import type { Image } from '../../src/models/image.ts';
import { ModelScope } from '../../src/models/loader.ts';
import type { Recognition } from '../../src/models/ocr/ctc.ts';
import { CtcRecognizer } from '../../src/models/ocr/ctc-recognizer.ts';
import { generalRecognition } from '../../src/models/ocr/pp-ocr.ts';
import type { Detection, SceneEvent, Track } from '../../src/protocol.ts';
import type { Clock } from '../../src/session-state.ts';
import { JpegDecoder } from '../../src/tools/jpeg-decoder.ts';
import { regionAround } from '../../src/tools/ocr-extract-text.ts';
import type { StatefulInstance, ToolInstance } from '../../src/tools/tool.ts';
import { trackObjects } from '../../src/tools/track-objects.ts';
import { VotingExtractor, votesParams } from '../../src/tools/voting-extractor.ts';
import { yoloDetectObjects } from '../../src/tools/yolo-detect-objects.ts';
import { noTracks, type TrackerState } from '../../src/tracking/track-state.ts';
import { initialVotes, type VotesState } from '../../src/votes/votes-state.ts';
import { type Clip, plateOf, type TruePlate } from './clips.ts';

/** One box in one frame. */
export interface Sighting {
  readonly trackId: number;
  /** What it shows; undefined if that is no plate. */
  readonly plate: TruePlate | undefined;
  /** By this frame alone. */
  readonly single: Recognition;
  /** By the votes of `plates` so far. */
  readonly vote: { readonly text: string; readonly score: number } | undefined;
  /** By the vote of every frame so far. */
  readonly exhaustive: string | undefined;
}

export interface ClipRun {
  readonly sightings: readonly Sighting[];
  readonly events: readonly SceneEvent[];
  /** Boxes that `plates` recognized. */
  readonly reads: number;
}

/** Votes on boxes that were recognized before, and counts those that it wanted. */
class Voter {
  reads = 0;
  readonly events: SceneEvent[] = [];
  readonly #instance: VotingExtractor;
  #state: VotesState = initialVotes;

  constructor(recognitionOf: (detection: Detection) => Recognition, params: object) {
    const recognizer = {
      select: (detections: readonly Detection[]) => detections,
      recognize: async (_: Image, detections: readonly Detection[]) => {
        this.reads += detections.length;
        return detections.map(recognitionOf);
      },
    };
    this.#instance = new VotingExtractor(recognizer, votesParams.parse(params));
  }

  async run(
    image: Image,
    detections: readonly Detection[],
    tracks: readonly Track[],
    clock: Clock,
  ): Promise<readonly Detection[]> {
    const { outputs, state } = await this.#instance.run({ image, detections, tracks }, { state: this.#state, clock });
    this.#state = JSON.parse(JSON.stringify(state)) as VotesState;
    this.events.push(...(outputs.events ?? []));
    return outputs.detections ?? [];
  }
}

/** As in `plates.json`. */
const detectorParams = { model: 'plate-yolo', score_threshold: 0.1 };

/** Reads every box of every frame, as long as its track lives. */
const exhaustiveParams = { interval_ms: 0, max_reads: 1000, reread_ms: 0 };

/** What runs on frames, with the models in this thread. */
export interface Tools {
  readonly decoder: JpegDecoder;
  readonly detector: ToolInstance;
  readonly tracker: StatefulInstance<TrackerState>;
  readonly recognizer: CtcRecognizer;
  close(): Promise<void>;
}

/** @param model as the param of `ocr.extract_text`. */
export async function openTools(model: string): Promise<Tools> {
  const { modelsDir, providers } = configOfProcess();
  const models = new ModelScope({ modelsDir, providers });
  const context = { modelsDir, providers, models };
  return {
    decoder: await JpegDecoder.create(),
    detector: await yoloDetectObjects.create(yoloDetectObjects.params.parse(detectorParams), context),
    tracker: (await trackObjects.create(trackObjects.params.parse({}), context)) as StatefulInstance<TrackerState>,
    recognizer: new CtcRecognizer(await models.load(model === 'pp-ocrv4' ? generalRecognition : model)),
    close: async () => models.release(),
  };
}

/** @param votes params of `votes` in `plates`. */
export async function runClip({ frames }: Clip, tools: Tools, votes: object): Promise<ClipRun> {
  let recognitions: ReadonlyMap<Detection, Recognition> = new Map();
  const recognitionOf = (detection: Detection) => recognitions.get(detection) as Recognition;
  const [voter, exhaustive] = [new Voter(recognitionOf, votes), new Voter(recognitionOf, exhaustiveParams)];
  const sightings: Sighting[] = [];
  let state = noTracks;
  let elapsedMs: number | undefined;
  for (const [index, { path, atMs, plates }] of frames.entries()) {
    const clock = { sessionMs: atMs, elapsedMs, unixMs: atMs };
    const { image } = await tools.decoder.decode(readFileSync(path));
    const found = await tools.detector.run({ image });
    const step = await tools.tracker.run({ ...found, image }, { state, clock });
    state = step.state;
    const { detections = [], tracks = [] } = step.outputs;
    recognitions = await recognizeAll(tools.recognizer, image, detections);
    const voted = await voter.run(image, detections, tracks, clock);
    const final = await exhaustive.run(image, detections, tracks, clock);
    for (const [at, detection] of detections.entries()) {
      if (detection.track_id === undefined) continue;
      const { text, text_score: score } = voted[at] ?? {};
      sightings.push({
        trackId: detection.track_id,
        plate: plateOf(detection, plates),
        single: recognitionOf(detection),
        vote: text === undefined || score === undefined ? undefined : { text, score },
        exhaustive: final[at]?.text,
      });
    }
    elapsedMs = (frames[index + 1]?.atMs ?? atMs) - atMs;
  }
  // The clip ends, and all tracks with it.
  await voter.run(emptyImage, [], [], { sessionMs: (frames.at(-1)?.atMs ?? 0) + 1, elapsedMs: 1, unixMs: 0 });
  return { sightings, events: voter.events, reads: voter.reads };
}

const emptyImage: Image = { width: 1, height: 1, channels: 3, data: new Uint8Array(3) };

async function recognizeAll(recognizer: CtcRecognizer, image: Image, detections: readonly Detection[]) {
  const crops = detections.map((detection) => ({ image, region: regionAround(detection, recognizer.margin, image) }));
  const recognitions = await recognizer.recognize(crops);
  return new Map(detections.map((detection, index) => [detection, recognitions[index] as Recognition]));
}
