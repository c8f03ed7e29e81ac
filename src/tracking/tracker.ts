/** Follows objects from frame to frame: one step takes a session's tracks and a frame's detections. Pure; worker threads. */
import type { Detection, Track } from '../protocol.ts';
import { type Candidate, type MatchRules, match } from './match.ts';
import { predict, startTrack, type TrackedObject, update } from './track.ts';
import { readTracks, type TrackerState, writeTracks } from './track-state.ts';
import { candidatesOf, toTrack } from './tracked-boxes.ts';
import type { Tuning } from './tuning.ts';

/** What a user may set. */
export interface TrackerParams {
  /** A track ends if no detection has claimed it for this long, in milliseconds. */
  readonly lostMs: number;
  /** Detections with a lower score are ignored. */
  readonly lowScore: number;
  /** Detections with a lower score only continue tracks. */
  readonly highScore: number;
  /** A detection with a lower score starts a track that the next one confirms. */
  readonly confirmScore: number;
  readonly maxTracks: number;
  /** Whether a track keeps its label. */
  readonly sameLabel: boolean;
  /** Standard deviation of the speed of objects, in their sizes per second. */
  readonly speed: number;
}

/** One frame. */
export interface Scene {
  readonly detections: readonly Detection[];
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** Of the session. */
  readonly nowMs: number;
  /** Since the session's last frame; 0 for its first one. */
  readonly elapsedMs: number;
}

export interface Tracked {
  readonly detections: readonly Detection[];
  readonly tracks: readonly Track[];
  readonly state: TrackerState;
}

/** After a longer gap between two frames, in milliseconds, nothing is expected to be where it was. */
const maxGapMs = 10_000;

/** The tracks after a frame. */
interface Outcome {
  readonly tracks: TrackedObject[];
  /** Indices of tracks by the index of their detection. */
  readonly holders: Map<number, number>;
  nextId: number;
}

export class Tracker {
  readonly #params: TrackerParams;
  readonly #tuning: Tuning;
  readonly #highRules: MatchRules;
  readonly #lowRules: MatchRules;

  constructor(params: TrackerParams, tuning: Tuning) {
    this.#params = params;
    const { rules, lowNoise, lowPenalty } = tuning;
    const models = { ...tuning.models, place: { ...tuning.models.place, speed: params.speed } };
    this.#tuning = { ...tuning, models };
    const [placeNoise, scaleNoise] = [models.place.noise, models.scale.noise];
    this.#highRules = { ...rules, sameLabel: params.sameLabel, placeNoise, scaleNoise };
    this.#lowRules = {
      ...this.#highRules,
      placeNoise: placeNoise * lowNoise,
      scaleNoise: scaleNoise * lowNoise,
      limit: rules.limit - lowPenalty,
    };
  }

  /** @returns the detections that belong to a track or have a high score, all confirmed tracks, and the state for the next frame. */
  step(before: TrackerState, scene: Scene): Tracked {
    const { lowScore, highScore } = this.#params;
    const seconds = Math.max(scene.elapsedMs, 0) / 1000;
    const known = scene.elapsedMs > maxGapMs ? [] : readTracks(before);
    const predicted = known.map((track) => predict(track, seconds, this.#tuning.models));
    const candidates = candidatesOf(scene.detections, lowScore);
    const high = candidates.filter(({ score }) => score >= highScore);
    const low = candidates.filter(({ score }) => score < highScore);
    const claims = new Map<number, Candidate>();
    this.#claim(claims, predicted, high, scene.nowMs, this.#highRules);
    this.#claim(claims, predicted, low, scene.nowMs, this.#lowRules);
    const claimed = new Set(claims.values());
    const unclaimed = high.filter((candidate) => !claimed.has(candidate));
    const outcome: Outcome = { tracks: [], holders: new Map(), nextId: before.next };
    this.#continue(outcome, predicted, claims, scene.nowMs);
    this.#start(outcome, unclaimed, scene.nowMs);
    const lost = predicted.filter((track, index) => !claims.has(index) && this.#stays(track, scene));
    this.#keep(outcome, lost);
    const confirmed = outcome.tracks.filter(({ id }) => id > 0).sort((a, b) => a.id - b.id);
    return {
      detections: this.#report(scene, outcome),
      tracks: confirmed.map((track) => toTrack(track, scene.nowMs)),
      state: writeTracks(outcome.nextId, outcome.tracks),
    };
  }

  /** Adds the best pairs among the tracks that are still free, by the tracks' indices. */
  #claim(
    claims: Map<number, Candidate>,
    tracks: readonly TrackedObject[],
    candidates: readonly Candidate[],
    nowMs: number,
    rules: MatchRules,
  ): void {
    if (candidates.length === 0) return;
    const free = [...tracks.keys()].filter((index) => !claims.has(index));
    const expected = free.map((index) => tracks[index] as TrackedObject);
    for (const { row, column } of match(expected, candidates, nowMs, rules)) {
      claims.set(free[row] as number, candidates[column] as Candidate);
    }
  }

  /** Goes on with the tracks that were claimed, and confirms them. */
  #continue(
    outcome: Outcome,
    predicted: readonly TrackedObject[],
    claims: ReadonlyMap<number, Candidate>,
    nowMs: number,
  ): void {
    const { models, lowNoise } = this.#tuning;
    for (const [index, track] of predicted.entries()) {
      const candidate = claims.get(index);
      if (candidate === undefined) continue;
      const noise = candidate.score < this.#params.highScore ? lowNoise : 1;
      const updated = update(track, candidate.box, nowMs, models, noise);
      const id = track.id > 0 ? track.id : outcome.nextId++;
      outcome.holders.set(candidate.index, outcome.tracks.push({ ...updated, id, label: candidate.label }) - 1);
    }
  }

  /** Starts tracks while there is room, for the highest scores first. */
  #start(outcome: Outcome, candidates: readonly Candidate[], nowMs: number): void {
    const { confirmScore, maxTracks } = this.#params;
    const room = Math.max(maxTracks - outcome.tracks.length, 0);
    for (const { index, label, box, score } of candidates.toSorted((a, b) => b.score - a.score).slice(0, room)) {
      const id = score >= confirmScore ? outcome.nextId++ : 0;
      const track = startTrack(id, label, box, nowMs, this.#tuning.models);
      outcome.holders.set(index, outcome.tracks.push(track) - 1);
    }
  }

  /** Keeps lost tracks while there is room, those that were seen last first. */
  #keep(outcome: Outcome, lost: readonly TrackedObject[]): void {
    const room = Math.max(this.#params.maxTracks - outcome.tracks.length, 0);
    outcome.tracks.push(...lost.toSorted((a, b) => b.seenMs - a.seenMs).slice(0, room));
  }

  /** Whether a track goes on that no detection has claimed. */
  #stays({ id, seenMs, x, y, w, h }: TrackedObject, { nowMs, width, height }: Scene): boolean {
    const inside = x + w / 2 > 0 && x - w / 2 < width && y + h / 2 > 0 && y - h / 2 < height;
    return id > 0 && inside && nowMs - seenMs <= this.#params.lostMs;
  }

  #report({ detections, nowMs }: Scene, { tracks, holders }: Outcome): Detection[] {
    const reported: Detection[] = [];
    for (const [index, detection] of detections.entries()) {
      const track = tracks[holders.get(index) ?? none];
      if (track !== undefined && track.id > 0) {
        reported.push({ ...detection, track_id: track.id, age_ms: nowMs - track.bornMs });
      } else if (detection.score >= this.#params.highScore) {
        reported.push(detection);
      }
    }
    return reported;
  }
}

const none = -1;
