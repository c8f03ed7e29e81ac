/** The param `votes` of `ocr.extract_text`: recognizes the texts of tracks only while that may improve them. Worker threads. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { Recognition } from '../models/ocr/ctc.ts';
import { textSizeOf } from '../models/ocr/rectify.ts';
import type { Detection } from '../protocol.ts';
import { TextVotes, type View, type VoteOptions } from '../votes/text-votes.ts';
import type { VotesState } from '../votes/votes-state.ts';
import type { Moment, Ports, StatefulInstance, Step, ToolInstance } from './tool.ts';

const hourMs = 3_600_000;
const milliseconds = z.int().min(0).max(hourMs);

export const votesParams = z.strictObject({
  /** Type of the event that reports a text. */
  event: z.string().min(1).max(64).default('text'),
  /** A text with this score that was recognized three times is settled. */
  settled_score: z.number().min(0.5).max(1).default(0.95),
  /** An unsettled text with this score is reported when its track ends. */
  min_score: z.number().min(0).max(1).default(0.5),
  /** Frames of a camera follow each other faster than their errors change. Every second frame at 10 per second. */
  interval_ms: milliseconds.default(150),
  /** Patience with an unreadable text, until its box gets larger. */
  max_reads: z.int().min(1).max(1000).default(12),
  /** A settled text is recognized again at most this often, in case the tracker has confused two objects. */
  reread_ms: milliseconds.default(5000),
  /** A text is not reported again within this time after its track has ended: trackers lose objects and find them again. */
  repeat_ms: milliseconds.default(10_000),
});

/** The part of a frame's edge that counts as such, as a fraction of a box's height: boxes are not exact. */
const edgeShare = 0.1;

/** Recognizes boxes. */
interface BoxRecognizer extends Omit<ToolInstance, 'run'> {
  /** The boxes to recognize, of those given. */
  select(detections: readonly Detection[]): readonly Detection[];
  recognize(image: Image, detections: readonly Detection[]): Promise<readonly Recognition[]>;
}

export class VotingExtractor implements StatefulInstance<VotesState> {
  readonly models: ToolInstance['models'] & {};
  readonly #recognizer: BoxRecognizer;
  readonly #options: VoteOptions;

  constructor(recognizer: BoxRecognizer, params: z.infer<typeof votesParams>) {
    this.models = recognizer.models ?? [];
    this.#recognizer = recognizer;
    this.#options = {
      event: params.event,
      settledScore: params.settled_score,
      minScore: params.min_score,
      intervalMs: params.interval_ms,
      maxReads: params.max_reads,
      rereadMs: params.reread_ms,
      repeatMs: params.repeat_ms,
    };
  }

  async run({ image, detections = [], tracks = [] }: Ports, moment: Moment<VotesState>): Promise<Step<VotesState>> {
    const votes = new TextVotes(moment.state, tracks, moment.clock, this.#options);
    const isDue = (detection: Detection) => {
      const { track_id: id } = detection;
      return id === undefined || !votes.has(id) || votes.isDue(id, viewOf(detection, image));
    };
    const selected = this.#recognizer.select(detections.filter(isDue));
    const recognitions = await this.#recognizer.recognize(image, selected);
    const plain = new Map<Detection, Recognition>();
    for (const [index, detection] of selected.entries()) {
      const recognition = recognitions[index];
      if (recognition === undefined) continue;
      const { track_id: id } = detection;
      if (id !== undefined && votes.has(id)) votes.add(id, recognition, viewOf(detection, image));
      else plain.set(detection, recognition);
    }
    const results = detections.map((detection) => withText(detection, votes, plain.get(detection)));
    const { events, state } = votes.close();
    return { outputs: { detections: results, events }, state };
  }

  async warm(): Promise<void> {
    await this.#recognizer.warm?.();
  }

  async close(): Promise<void> {
    await this.#recognizer.close?.();
  }
}

function withText(detection: Detection, votes: TextVotes, recognition: Recognition | undefined): Detection {
  const voted = detection.track_id === undefined ? undefined : votes.textOf(detection.track_id);
  if (voted !== undefined) {
    const { text, score, reads, isSettled } = voted;
    return { ...detection, text, text_score: score, text_reads: reads, text_settled: isSettled };
  }
  return recognition === undefined
    ? detection
    : { ...detection, text: recognition.text, text_score: recognition.score };
}

function viewOf(
  { x, y, w, h, quad }: Omit<Detection, 'track_id'>,
  { width, height }: Pick<Image, 'width' | 'height'>,
): View {
  const edge = edgeShare * Math.min(w, h);
  const isCut = x < edge || y < edge || x + w > width - edge || y + h > height - edge;
  return { height: quad === undefined ? h : textSizeOf(quad).h, isCut };
}
