/** What the tracker assumes about the world. Found with `npm run bench:tracking` on streets and people at 5 to 30 frames per second. Pure. */
import type { MatchRules } from './match.ts';
import type { MotionModels } from './track.ts';

export interface Tuning {
  /** `place.speed` is replaced by what the user sets. */
  readonly models: MotionModels;
  readonly rules: Omit<MatchRules, 'sameLabel' | 'placeNoise' | 'scaleNoise'>;
  /** Detections of low scores are accepted up to a limit that is lower by this much. */
  readonly lowPenalty: number;
  /** How many times less exact the boxes of low scores are. They are cut off where something covers the object. */
  readonly lowNoise: number;
}

export const defaultTuning: Tuning = {
  models: {
    place: { speed: 10, lasts: 10, noise: 0.1 },
    scale: { speed: 0.2, lasts: 3, noise: 0.08 },
    aspectGain: 0.3,
  },
  rules: { aspectNoise: 0.2, limit: 12, perLostSecond: 2, stillNoise: 0.2, still: 1 },
  lowPenalty: 8,
  lowNoise: 3,
};
