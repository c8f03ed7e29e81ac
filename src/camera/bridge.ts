/**
 * One source and its stream to a gateway. Main thread.
 *
 *   ffmpeg ─► Play ─► Feed ─► NewestPicture ─► (encode) ─► Client ─ws─► gateway
 *             cuts    starts   one picture,     only what    says when a
 *             frames  again    never stale      may leave    frame may leave
 */

import { type Client, connect } from '../client/node.ts';
import type { FrameResult } from '../protocol.ts';
import type { Encode, LookAt } from './encoder.ts';
import { Feed, type FeedEnd, type FeedParts, type FeedState } from './feed.ts';
import type { FfmpegVersion, Wishes } from './ffmpeg-arguments.ts';
import { NewestPicture } from './newest-picture.ts';
import { type Picture, PictureBuffers } from './picture.ts';
import { RateLimit } from './rate-limit.ts';
import type { Source } from './source.ts';
import { Tally } from './tally.ts';

/** One camera as it was asked for. */
export interface CameraPlan extends Wishes {
  readonly name: string;
  readonly source: Source;
  /** The gateway. */
  readonly url: URL;
  readonly pipeline: string;
  /** JPEG quality; asking for one means that frames are encoded here. */
  readonly quality?: number | undefined;
  readonly reconnects: boolean;
  /** So long without a picture means that the source is lost. */
  readonly stallTimeoutMs: number;
}

export type BridgeEvent =
  | { readonly type: 'result'; readonly index: number; readonly result: FrameResult; readonly roundTripMs: number }
  | { readonly type: 'dropped'; readonly index: number }
  | { readonly type: 'source'; readonly state: FeedState }
  /** The camera's JPEGs were no good as they came; said once. */
  | { readonly type: 'repaired'; readonly detail: string }
  | { readonly type: 'gateway'; readonly state: 'open' | 'lost'; readonly detail: string };

export interface BridgeParts {
  readonly plan: CameraPlan;
  readonly version: FfmpegVersion;
  readonly encode: Encode;
  readonly lookAt: LookAt;
  readonly event: (event: BridgeEvent) => void;
}

/** Errors of the gateway that are about the frame itself. */
const refusalsOfFrames: ReadonlySet<string> = new Set(['invalid_frame', 'frame_too_large']);
/** A gateway answers what is a little larger, and cuts the connection at what is more, unless its `STREAM_MAX_FRAME_SIZE_MB` says so. */
const maxDefaultFrameBytes = 5_242_880;
/** The camera's own rate is the limit, or `--fps`; this only has to be above both. */
const clientMaxFps = 240;
/** After a file's end the gateway gets so long for its last frames. */
const lastRepliesMs = 10_000;
const lastRepliesPollMs = 20;

export class Bridge {
  readonly tally = new Tally();
  readonly #parts: BridgeParts;
  readonly #client: Client;
  readonly #feed: Feed;
  readonly #buffers = new PictureBuffers();
  readonly #newest = new NewestPicture((picture) => this.#buffers.give(picture));
  #limit: RateLimit;
  #isStopped = false;
  #isSending = false;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    const { plan } = parts;
    this.#limit = new RateLimit(plan.fps);
    this.#feed = new Feed(this.#feedParts());
    this.#client = connect({ url: plan.url, pipeline: plan.pipeline, maxFps: clientMaxFps });
    this.#listen();
  }

  /** Runs until the source is over or the gateway refuses for good. Never rejects. */
  async run(): Promise<FeedEnd> {
    const sending = this.#send();
    const end = await this.#feed.run();
    this.#newest.end();
    if (!this.#isStopped) await this.#lastReplies();
    const refusal = this.#client.error;
    this.#client.close();
    await sending;
    return refusal === undefined || this.#isStopped
      ? end
      : { type: 'failed', detail: `the gateway says ${refusal.message}` };
  }

  stop(): void {
    this.#isStopped = true;
    this.#newest.cut(performance.now());
    this.#newest.end();
    this.#feed.stop();
    this.#client.close();
  }

  #feedParts(): FeedParts {
    const { plan, version, event, lookAt } = this.#parts;
    return {
      ...{
        source: plan.source,
        wishes: plan,
        version,
        reconnects: plan.reconnects,
        stallTimeoutMs: plan.stallTimeoutMs,
      },
      isEncoded: plan.width !== undefined || plan.quality !== undefined,
      buffers: this.#buffers,
      changed: (state) => {
        if (state.state === 'live') this.#limit = new RateLimit(state.keepsRate ? undefined : plan.fps);
        event({ type: 'source', state });
      },
      picture: (picture) => this.#came(picture),
      lookAt,
      repaired: (detail) => event({ type: 'repaired', detail }),
      broken: () => this.tally.count('broken'),
      cut: () => this.#newest.cut(performance.now()),
    };
  }

  #came(picture: Picture): void {
    if (!this.#limit.allows(picture.atMs)) return;
    this.tally.arrived(picture.atMs);
    this.#newest.put(picture);
  }

  #listen(): void {
    const { event } = this.#parts;
    const client = this.#client;
    client.on('sent', () => this.tally.count('sent'));
    client.on('result', ({ index, result, roundTripMs }) => {
      this.tally.answered(result, roundTripMs);
      event({ type: 'result', index, result, roundTripMs });
    });
    client.on('dropped', ({ index }) => {
      this.tally.count('dropped');
      event({ type: 'dropped', index });
    });
    client.on('lost', ({ frame, error }) => {
      this.tally.count('lost');
      if (error.code !== 'closed' || !(frame instanceof Uint8Array) || frame.length <= maxDefaultFrameBytes) return;
      this.#feed.makeAnew(
        `the gateway cuts the connection at a frame of ${frame.length.toLocaleString('en-US')} bytes`,
      );
    });
    client.on('state', ({ state }) => {
      if (state === 'open') event({ type: 'gateway', state, detail: '' });
    });
    client.on('error', (error) => {
      if (client.state === 'closed') this.#feed.stop();
      else event({ type: 'gateway', state: 'lost', detail: error.message });
      // The next frame would be refused as well, and a client that is refused again and again gives up.
      if (refusalsOfFrames.has(error.code)) this.#feed.makeAnew(`the gateway refuses its frames (${error.detail})`);
    });
  }

  /** Takes a picture whenever one may leave: what does not leave is never encoded. */
  async #send(): Promise<void> {
    while (await this.#newest.available()) {
      try {
        await this.#client.ready();
        this.#isSending = true;
        await this.#sendNewest();
      } catch (error) {
        if (this.#client.state === 'closed') return;
        throw error;
      } finally {
        this.#isSending = false;
      }
    }
  }

  async #sendNewest(): Promise<void> {
    const picture = this.#newest.take(performance.now());
    if (picture?.kind === 'jpeg') this.#client.send(picture.bytes);
    if (picture?.kind !== 'rgb') return;
    // A shape that JPEG cannot have, such as 65 535 pixels of height.
    const jpeg = await this.#parts.encode(picture).catch(() => undefined);
    this.#buffers.give(picture);
    if (jpeg === undefined) return this.tally.count('broken');
    this.tally.count('encoded');
    // Meanwhile the connection, the pace or the source may have changed.
    await this.#client.ready();
    if (this.#newest.isFresh(picture, performance.now())) this.#client.send(jpeg);
  }

  /** A file's last frames are sent and answered before the end. */
  async #lastReplies(): Promise<void> {
    const deadlineMs = performance.now() + lastRepliesMs;
    const isBusy = () => !this.#newest.isEmpty || this.#isSending || this.#client.inFlight > 0;
    while (isBusy() && this.#client.state !== 'closed' && !this.#isStopped && performance.now() < deadlineMs) {
      await new Promise((resolve) => {
        setTimeout(resolve, lastRepliesPollMs);
      });
    }
  }
}
