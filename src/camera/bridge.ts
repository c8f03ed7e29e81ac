/**
 * One source and its stream to a gateway. Main thread.
 *
 *   ffmpeg ─► FfmpegSession ─► SourceSupervisor ─► LatestFrame ─► (encode) ─► Client ─ws─► gateway
 *             splits output    restarts after      one frame,     only what   decides when a
 *             into frames      a failure           never stale    is sent     frame is sent
 */

import { type Client, type ClientError, connect } from '../client/node.ts';
import type { FrameResult } from '../protocol.ts';
import { type CapturedFrame, FrameBuffers } from './captured-frame.ts';
import type { Encode, Inspect } from './encoder.ts';
import type { CaptureOptions, FfmpegVersion } from './ffmpeg-arguments.ts';
import { LatestFrame } from './latest-frame.ts';
import { type CameraEvent, EventReader } from './publish/event-reader.ts';
import { LossReport } from './publish/loss-report.ts';
import { RateLimit } from './rate-limit.ts';
import type { Source } from './source.ts';
import { type SourceEnd, type SourceState, SourceSupervisor, type SupervisorOptions } from './source-supervisor.ts';
import { Tally } from './tally.ts';

/** One camera's settings. */
export interface CameraPlan extends CaptureOptions {
  readonly name: string;
  /** Its name for others: at the gateway, and in events. Never a part of its address that may be secret. */
  readonly publicName: string;
  readonly source: Source;
  /** The gateway. */
  readonly url: URL;
  readonly pipeline: string;
  /** Needed if the gateway has tokens. */
  readonly token?: string | undefined;
  /** JPEG quality; if set, frames are always encoded here. */
  readonly quality?: number | undefined;
  readonly reconnects: boolean;
  /** A source without a frame for this long is lost. */
  readonly stallTimeoutMs: number;
}

export type BridgeEvent =
  | { readonly type: 'result'; readonly index: number; readonly result: FrameResult; readonly roundTripMs: number }
  /** The events of a result, after it. */
  | { readonly type: 'events'; readonly events: readonly CameraEvent[] }
  /** Said now and then; the tally has the number. */
  | { readonly type: 'events_lost'; readonly detail: string }
  | { readonly type: 'dropped'; readonly index: number }
  | { readonly type: 'source'; readonly state: SourceState }
  /** The camera's JPEGs had to be repaired or re-encoded; emitted once per reason. */
  | { readonly type: 'repaired'; readonly detail: string }
  | { readonly type: 'gateway'; readonly state: 'open' | 'lost'; readonly detail: string };

export interface BridgeOptions {
  readonly plan: CameraPlan;
  readonly version: FfmpegVersion;
  readonly encode: Encode;
  readonly inspect: Inspect;
  readonly onEvent: (event: BridgeEvent) => void;
}

/** Gateway errors caused by the frame itself. */
const frameErrorCodes: ReadonlySet<string> = new Set(['invalid_frame', 'frame_too_large']);
/**
 * The gateway's default `STREAM_MAX_FRAME_SIZE_MB`. It rejects slightly larger frames with an error, and closes the connection
 * without one on much larger frames.
 */
const defaultMaxFrameBytes = 5_242_880;
/** Must be above any camera's own rate and `--fps`, which are the actual limits. */
const clientMaxFps = 240;
/** After the end of a file, how long to wait for the last replies. */
const drainTimeoutMs = 10_000;
const drainPollMs = 20;

export class Bridge {
  readonly tally = new Tally();
  readonly #options: BridgeOptions;
  /** Connected for the first frame, and again for the first one after the gateway has ended an idle session. */
  #client: Client | undefined;
  readonly #supervisor: SourceSupervisor;
  readonly #buffers = new FrameBuffers();
  readonly #latest = new LatestFrame((frame) => this.#buffers.release(frame));
  readonly #events: EventReader;
  readonly #losses = new LossReport();
  #rateLimit: RateLimit;
  #isStopped = false;
  #isSending = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const { plan } = options;
    this.#rateLimit = new RateLimit(plan.fps);
    this.#events = new EventReader(plan.publicName);
    this.#supervisor = new SourceSupervisor(this.#supervisorOptions());
  }

  /** Runs until the source ends or the client gives up on the gateway. Never rejects. */
  async run(): Promise<SourceEnd> {
    const sending = this.#send();
    const end = await this.#supervisor.run();
    this.#latest.end();
    if (!this.#isStopped) await this.#drainReplies();
    const error = this.#client?.error;
    this.#client?.close();
    await sending;
    return error === undefined || this.#isStopped ? end : { type: 'failed', detail: `gateway error: ${error.message}` };
  }

  stop(): void {
    this.#isStopped = true;
    this.#latest.discardCaptured(performance.now());
    this.#latest.end();
    this.#supervisor.stop();
    this.#client?.close();
  }

  #supervisorOptions(): SupervisorOptions {
    const { plan, version, onEvent, inspect } = this.#options;
    return {
      ...{
        source: plan.source,
        capture: plan,
        version,
        reconnects: plan.reconnects,
        stallTimeoutMs: plan.stallTimeoutMs,
      },
      isEncoded: plan.width !== undefined || plan.quality !== undefined,
      buffers: this.#buffers,
      onStateChange: (state) => {
        if (state.state === 'live') this.#rateLimit = new RateLimit(state.keepsRate ? undefined : plan.fps);
        onEvent({ type: 'source', state });
      },
      onFrame: (frame) => this.#onFrame(frame),
      inspect,
      onRepair: (detail) => onEvent({ type: 'repaired', detail }),
      onInvalidFrame: () => this.tally.count('broken'),
      discardFrames: () => this.#latest.discardCaptured(performance.now()),
    };
  }

  #onFrame(frame: CapturedFrame): void {
    if (!this.#rateLimit.allows(frame.atMs)) return;
    this.tally.arrived(frame.atMs);
    this.#latest.put(frame);
  }

  #connect(): Client {
    const { plan, onEvent } = this.#options;
    const client = connect({ url: plan.url, pipeline: plan.pipeline, token: plan.token, maxFps: clientMaxFps });
    client.on('sent', () => this.tally.count('sent'));
    client.on('result', ({ index, result, roundTripMs }) => {
      this.tally.answered(result, roundTripMs);
      onEvent({ type: 'result', index, result, roundTripMs });
      this.#onEvents(result);
    });
    client.on('dropped', ({ index }) => {
      this.tally.count('dropped');
      onEvent({ type: 'dropped', index });
    });
    client.on('lost', ({ frame, error }) => {
      this.tally.count('lost');
      if (error.code !== 'closed' || !(frame instanceof Uint8Array) || frame.length <= defaultMaxFrameBytes) return;
      this.#supervisor.reencode(
        `the gateway closed the connection on a frame of ${frame.length.toLocaleString('en-US')} bytes`,
      );
    });
    client.on('state', ({ state }) => {
      if (state === 'open') onEvent({ type: 'gateway', state, detail: '' });
    });
    client.on('error', (error) => this.#gatewayFailed(client, error));
    return client;
  }

  #onEvents(result: FrameResult): void {
    const { events, leftOut, unusable } = this.#events.read(result, Date.now());
    const lost = leftOut + unusable;
    this.tally.count('events', events.length);
    this.tally.count('events_lost', lost);
    if (events.length > 0) this.#options.onEvent({ type: 'events', events });
    if (lost === 0) return;
    const why =
      leftOut > 0 ? 'the gateway left them out, as replies were not read in time' : 'their shape or size is wrong';
    const detail = this.#losses.lost(lost, why, performance.now());
    if (detail !== undefined) this.#options.onEvent({ type: 'events_lost', detail });
  }

  #gatewayFailed(client: Client, error: ClientError): void {
    if (client.state === 'closed') this.#supervisor.stop();
    else this.#options.onEvent({ type: 'gateway', state: 'lost', detail: error.message });
    // The next frame would be rejected too, and the client gives up after several rejections in a row.
    if (frameErrorCodes.has(error.code)) this.#supervisor.reencode(`the gateway rejected a frame (${error.detail})`);
    if (error.code !== 'idle_timeout' || !this.#latest.isEmpty) return;
    // A new session without frames would end the same way.
    this.#client = undefined;
    client.close();
  }

  /** Takes a frame only when one can be sent, so that frames that are not sent are never encoded. */
  async #send(): Promise<void> {
    while (await this.#latest.available()) {
      this.#client ??= this.#connect();
      const client = this.#client;
      try {
        await client.ready();
        this.#isSending = true;
        await this.#sendLatest(client);
      } catch (error) {
        if (client !== this.#client) continue;
        if (client.state === 'closed') return;
        throw error;
      } finally {
        this.#isSending = false;
      }
    }
  }

  async #sendLatest(client: Client): Promise<void> {
    const frame = this.#latest.take(performance.now());
    if (frame?.kind === 'jpeg') client.send(frame.bytes);
    if (frame?.kind !== 'rgb') return;
    // Encoding fails for dimensions that JPEG does not support, such as a height of 65,535 pixels.
    const jpeg = await this.#options.encode(frame).catch(() => undefined);
    this.#buffers.release(frame);
    if (jpeg === undefined) return this.tally.count('broken');
    this.tally.count('encoded');
    // The connection, the congestion window or the source may have changed in the meantime.
    await client.ready();
    if (this.#latest.isFresh(frame, performance.now())) client.send(jpeg);
  }

  /** Waits until a file's last frames are sent and answered. */
  async #drainReplies(): Promise<void> {
    const deadlineMs = performance.now() + drainTimeoutMs;
    const isBusy = () => !this.#latest.isEmpty || this.#isSending || (this.#client?.inFlight ?? 0) > 0;
    while (isBusy() && this.#client?.state !== 'closed' && !this.#isStopped && performance.now() < deadlineMs) {
      await new Promise((resolve) => {
        setTimeout(resolve, drainPollMs);
      });
    }
  }
}
