/**
 * Frames on their way to hosts and back. Each gets exactly one outcome: the host's reply, `timed out` at its deadline, or `host_lost`. A
 * reply that comes later is discarded. Main thread.
 */
import type { BrokerMessage, Channel } from '../../broker/channel.ts';
import { decodeReply, encodeFrame, type HostReply } from '../../broker/frame-headers.ts';
import { lastToken, type Subjects } from '../../broker/subjects.ts';
import type { Observer } from '../../observe/observer.ts';
import { smooth } from '../../statistics.ts';
import type { StartedFrame } from '../executor.ts';
import { type FrameOutcome, timedOut } from '../messages.ts';
import type { RemoteHost } from './remote-host.ts';

export interface FlightsOptions {
  readonly channel: Channel;
  readonly subjects: Subjects;
  readonly gatewayId: string;
  /** Where the frames are. */
  readonly memory: SharedArrayBuffer;
  readonly observer: Observer;
  /** Another host that can take a frame now. */
  readonly otherHost: (pipelineId: string, first: RemoteHost) => RemoteHost | undefined;
  /** Called for a host that receives no messages any more. */
  readonly hostGone: (host: RemoteHost) => void;
  /** Called for a host whose reply is not understood. */
  readonly invalidReply: (host: RemoteHost) => void;
  readonly capacityChanged: () => void;
}

interface Flight {
  readonly key: string;
  readonly frame: StartedFrame;
  readonly deadlineMs: number;
  /** Undefined once it has its outcome: it timed out, but the host may still be working on it. */
  settle: ((outcome: FrameOutcome) => void) | undefined;
  host: RemoteHost;
  isSecondHost: boolean;
  sentMs: number;
  timer: NodeJS.Timeout;
}

/** Weight of the newest frame in the smoothed network time. */
const networkWeight = 0.05;
/** A host times frames out at the same time as the gateway. If its reply is lost, it no longer counts after this time. */
const maxLateMs = 5000;
const keyRadix = 36;

export class Flights {
  readonly #options: FlightsOptions;
  readonly #frameBytes: Uint8Array;
  readonly #byKey = new Map<string, Flight>();
  #sent = 0;
  #networkMs: number | undefined;

  constructor(options: FlightsOptions) {
    this.#options = options;
    this.#frameBytes = new Uint8Array(options.memory);
  }

  /** Frames that hosts may be working on, with those that have timed out. */
  get count(): number {
    return this.#byKey.size;
  }

  /** Smoothed time that a frame and its reply are on their way, in milliseconds; 0 until it is known. */
  get networkMs(): number {
    return this.#networkMs ?? 0;
  }

  send(host: RemoteHost, frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome> {
    this.#sent += 1;
    const key = this.#sent.toString(keyRadix);
    return new Promise((settle) => {
      const timer = setTimeout(() => this.#readRepliesFirst(flight), Math.max(0, deadlineMs - performance.now()));
      const flight: Flight = { ...{ key, frame, deadlineMs, settle, host, timer }, isSecondHost: false, sentMs: 0 };
      this.#byKey.set(key, flight);
      this.#transmit(flight);
    });
  }

  /** Answers all frames of a host that is lost. */
  lose(host: RemoteHost): void {
    for (const flight of [...this.#byKey.values()]) {
      if (flight.host === host) this.#finish(flight, { type: 'dropped', reason: 'host_lost' });
    }
  }

  receive({ subject, header, bytes, isUndelivered }: BrokerMessage): void {
    const flight = this.#byKey.get(lastToken(subject));
    if (flight === undefined) return;
    if (isUndelivered) {
      const { host } = flight;
      if (!this.#sendToAnother(flight)) this.#finish(flight, { type: 'dropped', reason: 'host_lost' });
      this.#options.hostGone(host);
      return;
    }
    const reply = decodeReply(header, bytes);
    if (reply === undefined) {
      this.#options.invalidReply(flight.host);
      this.#finish(flight, { type: 'dropped', reason: 'host_lost' });
    } else this.#replied(flight, reply);
    this.#options.capacityChanged();
  }

  #replied(flight: Flight, reply: HostReply): void {
    flight.host.grant(reply.limit, reply.others);
    if (reply.type === 'refused') {
      if (reply.reason === 'leaving') flight.host.retire();
      if (!this.#sendToAnother(flight)) this.#finish(flight, { type: 'dropped', reason: 'busy' });
      return;
    }
    const networkMs = Math.max(0, performance.now() - flight.sentMs - reply.tookMs);
    this.#networkMs = smooth(this.#networkMs, networkMs, networkWeight);
    if (reply.type === 'result') this.#finish(flight, { ...reply, timings: { network: networkMs, ...reply.timings } });
    else this.#finish(flight, reply);
  }

  /** A frame that a host did not run goes to one other host. @returns whether there is one. */
  #sendToAnother(flight: Flight): boolean {
    const { host, frame, isSecondHost, settle } = flight;
    const other =
      isSecondHost || settle === undefined ? undefined : this.#options.otherHost(frame.source.pipelineId, host);
    if (other === undefined) return false;
    host.frameGone();
    flight.host = other;
    flight.isSecondHost = true;
    this.#transmit(flight);
    return true;
  }

  #transmit(flight: Flight): void {
    const { channel, subjects, gatewayId } = this.#options;
    const { frame, host, deadlineMs, key } = flight;
    const { source, frameIndex, slot, moment, holdEndMs } = frame;
    const { pipelineId, sessionId, camera, address } = source;
    const nowMs = performance.now();
    flight.sentMs = nowMs;
    host.frameSent(nowMs);
    const header = {
      ...{ gateway: gatewayId, pipeline: pipelineId, fingerprint: host.fingerprintOf(pipelineId) },
      ...{ frameIndex, session: sessionId, camera, address },
      // Its hold begins at the host when it has arrived there.
      maxHoldMs: Math.max(0, holdEndMs - nowMs - this.networkMs / 2),
      timeoutMs: Math.max(0, deadlineMs - nowMs),
    };
    const bytes = this.#frameBytes.subarray(slot.offset, slot.offset + slot.byteLength);
    const [text, body] = encodeFrame({ header, moment, bytes });
    const options = { reply: subjects.reply(gatewayId, key), header: text };
    const isSent = channel.publish(subjects.run(host.id), body, options);
    if (!isSent) this.#finish(flight, { type: 'dropped', reason: 'host_lost' });
  }

  /** If this thread was blocked, timers run before messages that have arrived meanwhile. A reply among those is in time. */
  #readRepliesFirst(flight: Flight): void {
    setImmediate(() => {
      if (this.#byKey.get(flight.key) === flight) this.#timeOut(flight);
    });
  }

  #timeOut(flight: Flight): void {
    const { frame, settle } = flight;
    this.#options.observer.emit('frameTimedOut', frame);
    flight.settle = undefined;
    frame.slot.release();
    flight.timer = setTimeout(() => {
      this.#forget(flight);
      this.#options.capacityChanged();
    }, maxLateMs).unref();
    settle?.(timedOut);
  }

  #finish(flight: Flight, outcome: FrameOutcome): void {
    const { frame, settle } = flight;
    this.#forget(flight);
    if (settle === undefined) return;
    frame.slot.release();
    settle(outcome);
  }

  #forget(flight: Flight): void {
    clearTimeout(flight.timer);
    if (this.#byKey.delete(flight.key)) flight.host.frameGone();
  }
}
