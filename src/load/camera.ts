/** One camera: sends frames on schedule, records the outcome of each, and reconnects after a lost connection. */

import { nowMs } from './clock.ts';
import { Connection, type SentFrame } from './connection.ts';
import { type Latencies, recordLatency } from './latency.ts';
import type { Clock, GroupLatencies } from './messages.ts';
import { NewestAge } from './newest-age.ts';
import type { Reply } from './reply.ts';
import { type CameraSpec, Schedule } from './schedule.ts';
import { type CameraCounts, type CameraTally, countName, emptyCounts } from './tally.ts';

export interface CameraParts {
  readonly url: string;
  readonly token?: string | undefined;
  readonly frames: readonly Buffer[];
  readonly adaptive: boolean;
  /** Latencies of the camera's group, shared by all cameras of the group. */
  readonly latencies: GroupLatencies;
  /** How late the generator sent each frame. */
  readonly late: Latencies;
}

/** A frame is not sent while the socket buffers more than this: the network or the server cannot keep up. */
export const maxUnsentBytes = 1_048_576;
/** A frame that the generator reaches later than this is not sent: it would only delay the next ones. */
export const maxLateMs = 1000;
/** Delay before a lost connection is reopened. */
const reopenAfterMs = 1000;

/** State of a camera between `begin` and `finish`. */
interface Run {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly age: NewestAge;
}

export class Camera {
  readonly #spec: CameraSpec;
  readonly #parts: CameraParts;
  readonly #counts: CameraCounts = emptyCounts();
  #connection: Connection;
  #run: Run | undefined;
  #finished = false;
  /** Index of the next file. Each camera starts with a different one. */
  #frame: number;
  #reopenTimer: NodeJS.Timeout | undefined;

  /** Starts connecting immediately. */
  constructor(spec: CameraSpec, parts: CameraParts) {
    this.#spec = spec;
    this.#parts = parts;
    this.#frame = spec.camera;
    this.#connection = this.#connect();
  }

  /** Resolves with `undefined` when the first connection is open, or with the reason why it failed. */
  get opened(): Promise<string | undefined> {
    return this.#connection.opened;
  }

  get counts(): Readonly<CameraCounts> {
    return this.#counts;
  }

  /** Number of counted frames without a reply. */
  get pending(): number {
    let counted = 0;
    for (const frame of this.#connection.pending.values()) if (frame.counted) counted += 1;
    return counted;
  }

  begin(clock: Clock): void {
    this.#run = { clock, schedule: new Schedule(this.#spec), age: new NewestAge(clock.startMs) };
  }

  /** Intended time of the next frame; infinity when the run is over. */
  get dueMs(): number {
    if (this.#run === undefined) return Number.POSITIVE_INFINITY;
    const { clock, schedule } = this.#run;
    const dueMs = clock.baseMs + schedule.dueMs;
    return dueMs < clock.endMs ? dueMs : Number.POSITIVE_INFINITY;
  }

  /** Offers every frame that is due at `atMs`. */
  sendDue(atMs: number): void {
    for (let dueMs = this.dueMs; dueMs <= atMs; dueMs = this.dueMs) {
      this.#offer(dueMs, atMs - dueMs);
      this.#run?.schedule.advance();
    }
  }

  /** Closes the connection. Frames without a reply count as unanswered. */
  async finish(): Promise<CameraTally> {
    this.#finished = true;
    clearTimeout(this.#reopenTimer);
    this.#counts.unanswered += this.pending;
    await this.#connection.close();
    const { camera, group, fps } = this.#spec;
    const age = this.#run?.age.finish(this.#run.clock.endMs) ?? { meanMs: 0, maxMs: 0 };
    return { ...this.#counts, camera, group, fps, age };
  }

  #connect(): Connection {
    const url = new URL(this.#parts.url);
    url.searchParams.set('camera', `bench-${this.#spec.camera + 1}`);
    const connection = new Connection(
      { ...this.#parts, url: url.href },
      {
        replied: (reply, frame) => this.#replied(reply, frame),
        received: (length) => {
          if (this.#isCounting()) this.#counts.bytesReceived += length;
        },
        lost: (how) => this.#lost(how),
      },
    );
    if (!this.#spec.reads) connection.opened.then(() => connection.stopReading());
    return connection;
  }

  #offer(intendedMs: number, lateMs: number): void {
    const counted = this.#run !== undefined && intendedMs >= this.#run.clock.startMs;
    const { isOpen, unsentBytes } = this.#connection;
    const send = isOpen && unsentBytes <= maxUnsentBytes && lateMs <= maxLateMs;
    const bytes = this.#parts.frames[this.#frame++ % this.#parts.frames.length] as Buffer;
    if (send) this.#connection.send(bytes, { intendedMs, counted });
    if (!counted) return;
    this.#counts.offered += 1;
    recordLatency(this.#parts.late, nowMs() - intendedMs);
    if (send) {
      this.#counts.sent += 1;
      this.#counts.bytesSent += bytes.length;
    } else {
      this.#counts.notSent += 1;
    }
  }

  #replied(reply: Reply, frame: SentFrame | undefined): void {
    switch (reply.kind) {
      case 'result':
      case 'dropped':
        if (frame === undefined) this.#countUnexpected();
        else this.#recordReply(reply, frame);
        return;
      case 'slow_down':
        if (this.#isCounting()) this.#counts.slowDowns += 1;
        if (this.#parts.adaptive) this.#run?.schedule.slowDown(nowMs() - this.#run.clock.baseMs);
        return;
      case 'error':
        if (frame?.counted) this.#counts.errors += 1;
        if (this.#isCounting()) countName(this.#counts.errorCodes, reply.code);
        return;
      case 'unexpected':
        this.#countUnexpected();
        return;
    }
  }

  #recordReply(reply: Reply & { kind: 'result' | 'dropped' }, { intendedMs, counted }: SentFrame): void {
    const atMs = nowMs();
    const { latencies } = this.#parts;
    const isResult = reply.kind === 'result';
    if (isResult && this.#run !== undefined && atMs < this.#run.clock.endMs) this.#run.age.result(intendedMs, atMs);
    if (!counted) return;
    this.#counts[isResult ? 'results' : 'dropped'] += 1;
    recordLatency(isResult ? latencies.results : latencies.drops, atMs - intendedMs);
    if (isResult && reply.serviceMs !== undefined) recordLatency(latencies.service, reply.serviceMs);
  }

  #lost(how: string): void {
    this.#counts.errors += this.pending;
    if (this.#isCounting()) countName(this.#counts.closes, how);
    this.#reopenTimer = setTimeout(() => {
      if (!this.#finished) this.#connection = this.#connect();
    }, reopenAfterMs);
  }

  #countUnexpected(): void {
    if (this.#isCounting()) this.#counts.unexpected += 1;
  }

  /** True from the start of the clock, through the drain timeout. */
  #isCounting(): boolean {
    return this.#run !== undefined && nowMs() >= this.#run.clock.startMs;
  }
}
