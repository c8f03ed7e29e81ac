/** `track.objects`: gives the detections of the same object in a session's frames the same number. Worker threads. */
import { z } from 'zod';
import type { Detection } from '../protocol.ts';
import { maxTracks, noTracks, type TrackerState, trackerStateSchema } from '../tracking/track-state.ts';
import { Tracker } from '../tracking/tracker.ts';
import { defaultTuning } from '../tracking/tuning.ts';
import { defineStatefulTool, type Moment, type Ports, type StatefulInstance, type Step } from './tool.ts';

const score = z.number().min(0).max(1);

const paramsSchema = z
  .strictObject({
    /** A track ends if it is not detected for this long, in milliseconds. */
    lost_ms: z.number().int().min(0).max(60_000).default(1500),
    /** Detections below it are ignored. */
    low_score: score.default(0.1),
    /** Detections below it only continue tracks; without one, they are left out. */
    high_score: score.default(0.5),
    /** Detections from here on start a confirmed track; below it, a second detection confirms it. */
    confirm_score: score.default(0.6),
    /** Whether a track keeps its label. If not, a car may go on as a truck. */
    match_labels: z.boolean().default(true),
    /** Speed of common objects, in sizes of the object per second: the side of a square of the same area. */
    speed: z.number().min(0.1).max(100).default(10),
    max_tracks: z.number().int().min(1).max(maxTracks).default(100),
  })
  .refine(({ low_score, high_score }) => low_score <= high_score, 'low_score must not be above high_score')
  .refine(({ high_score, confirm_score }) => high_score <= confirm_score, 'confirm_score must not be below high_score');

type Params = z.infer<typeof paramsSchema>;

class ObjectTracker implements StatefulInstance<TrackerState> {
  readonly #tracker: Tracker;

  constructor(params: Params) {
    this.#tracker = new Tracker(
      {
        lostMs: params.lost_ms,
        lowScore: params.low_score,
        highScore: params.high_score,
        confirmScore: params.confirm_score,
        sameLabel: params.match_labels,
        speed: params.speed,
        maxTracks: params.max_tracks,
      },
      defaultTuning,
    );
  }

  run({ image, detections = [] }: Ports, { state, clock }: Moment<TrackerState>): Step<TrackerState> {
    const { width, height } = image;
    const { state: next, ...outputs } = this.#tracker.step(state, {
      detections: detections as readonly Detection[],
      width,
      height,
      nowMs: Math.round(clock.sessionMs),
      elapsedMs: clock.elapsedMs ?? 0,
    });
    return { outputs, state: next };
  }
}

export const trackObjects = defineStatefulTool<Params, TrackerState>({
  pluginId: 'track',
  toolId: 'objects',
  description: 'Follows detected objects from frame to frame and numbers them',
  inputs: ['detections'],
  outputs: ['detections', 'tracks'],
  failureDetail: 'Tracking failed',
  params: paramsSchema,
  state: { schema: trackerStateSchema, initial: noTracks },
  create: async (params) => new ObjectTracker(params),
});
