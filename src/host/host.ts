/**
 * A host: runs the frames of gateways in its pool, and tells them what it can take. Main thread.
 *
 *   gateway status ──► limits of all gateways ──► host status
 *   frame ──► refused: no room, leaving, another version of the pipeline
 *         └─► pool: runs, or waits for a worker ──► reply, with the gateway's new limit
 */
import type { BrokerMessage, Channel } from '../broker/channel.ts';
import {
  decodeFrame,
  encodeReply,
  type FrameHeader,
  outcomeForOldGateway,
  type RefusalReason,
} from '../broker/frame-headers.ts';
import { Issues } from '../broker/issues.ts';
import {
  compareFingerprints,
  type GatewayStatus,
  type HostStatus,
  parseGatewayStatus,
  protocolVersion,
  statusIntervalMs,
} from '../broker/statuses.ts';
import type { Subjects } from '../broker/subjects.ts';
import type { Log } from '../observe/log.ts';
import type { Observers } from '../observe/observer.ts';
import type { FrameOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { fixedMemory } from '../pool/session-memory.ts';
import { setupsOf } from '../pool/setups.ts';
import { smooth } from '../statistics.ts';
import { type Gateway, Gateways, maxGateways } from './gateways.ts';
import { framesAhead } from './grants.ts';

export interface HostOptions {
  readonly channel: Channel;
  readonly subjects: Subjects;
  readonly identity: HostIdentity;
  readonly pool: Pool;
  /** Maximum hold of a frame; with 0, no frame waits on this host. */
  readonly maxWaitMs: number;
  readonly log: Log;
  readonly observer: Observers;
}

export interface HostIdentity {
  /** Unique, also after a restart. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly version: string;
}

/** What a host has done so far, for its service statistics. */
export interface HostTotals {
  frames: number;
  refused: number;
  busyMs: number;
}

/** Changes within this time are published together. */
const publishDelayMs = 10;
/** Weight of the newest frame in the smoothed service time. */
const serviceWeight = 0.05;
/** One runs, one waits. Over a slow link, more are on their way, and may arrive together. */
const maxFramesPerWorker = 2;
/** The process was suspended or blocked: statuses have arrived meanwhile and are read first. */
const maxTickDelayMs = 500;

/** Outcomes of a pool that had no room: the frame has not run, and may run elsewhere. */
const notRun: ReadonlySet<string> = new Set(['busy', 'memory_full', 'draining', 'session_closed', 'displaced']);

export class Host {
  readonly #options: HostOptions;
  readonly #gateways = new Gateways(statusIntervalMs);
  readonly #issues: Issues;
  readonly totals: HostTotals = { frames: 0, refused: 0, busyMs: 0 };
  #fingerprints: ReadonlyMap<string, string> = new Map();
  #isLeaving = false;
  #serviceMs: number | undefined;
  /** Frames beyond the running ones that it has granted. */
  #ahead = 0;
  #publishTimer: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#issues = new Issues(options.log, 'gateway_refused');
  }

  get gateways(): number {
    return [...this.#gateways].length;
  }

  /** Begins to take frames. @param fingerprints of its pipelines, by id. */
  start(fingerprints: ReadonlyMap<string, string>): void {
    const { channel, subjects, identity, observer } = this.#options;
    this.#fingerprints = fingerprints;
    channel.subscribe(subjects.run(identity.id), (message) => this.#receiveFrame(message));
    channel.subscribe(subjects.everyGatewayStatus, ({ bytes }) => this.#receiveStatus(bytes));
    channel.onChange((isConnected) => isConnected && this.#publish());
    for (const event of ['workerReady', 'workerExited'] as const) observer.on(event, () => this.#update());
    this.#tickedAtMs = performance.now();
    this.#tick = setInterval(() => this.#maintain(performance.now()), statusIntervalMs);
  }

  /** Serves these pipelines from now on, which the pool must run already. */
  setPipelines(fingerprints: ReadonlyMap<string, string>): void {
    this.#fingerprints = fingerprints;
    this.#issues.clear();
    this.#publish();
  }

  /** Takes no more frames, and finishes those that it has. Those that still wait are returned to their gateways. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#publish();
    await this.#options.pool.drain();
    clearInterval(this.#tick);
    clearTimeout(this.#publishTimer);
  }

  /** Workers that are ready. */
  get #ready(): number {
    return this.#options.pool.capacity;
  }

  #receiveStatus(bytes: Uint8Array): void {
    const status = parseGatewayStatus(bytes);
    if ('issue' in status) {
      this.#issues.report(status.name, [status.issue], { gateway: status.name });
      return;
    }
    const { id, name, isLeaving } = status;
    const current = compareFingerprints(this.#fingerprints, status.pipelines);
    const previous = compareFingerprints(this.#fingerprints, status.previous);
    const matching = current.matching.length === 0 ? previous.matching : current.matching;
    this.#issues.report(id, current.issues, { gateway: name });
    if (isLeaving || matching.length === 0) {
      this.#forget(id);
      return;
    }
    if (this.#gateways.get(id) === undefined && this.#gateways.isFull) {
      this.#issues.report('too many', [`more than ${maxGateways} gateways`], { gateway: name });
      return;
    }
    this.#gatewayOf(id, status);
    const wanted = new Set(status.wanted);
    for (const pipelineId of matching) if (wanted.has(pipelineId)) this.#options.pool.prepare(pipelineId);
    this.#update();
  }

  /** The gateway of an id, which may be new. */
  #gatewayOf(id: string, status: GatewayStatus | undefined): Gateway {
    const nowMs = performance.now();
    let gateway = this.#gateways.get(id);
    if (gateway === undefined) {
      gateway = this.#gateways.add(id, nowMs);
      this.#options.pool.openSession(id, 'gateway');
      this.#publishSoon();
    }
    if (gateway.status === undefined && status !== undefined)
      this.#options.log.info('gateway_joined', { gateway: status.name, id }, 'gateway joined');
    gateway.status = status ?? gateway.status;
    gateway.heardAtMs = nowMs;
    return gateway;
  }

  #forget(id: string): void {
    const gateway = this.#gateways.get(id);
    if (gateway === undefined) return;
    this.#gateways.delete(id);
    this.#options.pool.closeSession(id);
    this.#options.log.info('gateway_left', { gateway: gateway.status?.name, id }, 'gateway left');
    this.#update();
  }

  #receiveFrame({ header: text, bytes: body, reply }: BrokerMessage): void {
    // Nobody waits for the outcome. An empty message only asks whether this host is there; the broker answers if it is not.
    if (reply === '' || (text === '' && body.byteLength === 0)) return;
    const arrivedMs = performance.now();
    const sent = decodeFrame(text, body);
    const refusal = sent === undefined ? 'invalid' : this.#refusalOf(sent.header);
    if (sent === undefined || refusal !== undefined) {
      this.#refuse(reply, sent?.header.gateway, refusal ?? 'invalid');
      return;
    }
    const { header, moment, bytes, isOfOldGateway } = sent;
    const gateway = this.#gatewayOf(header.gateway, undefined);
    const { pipeline: pipelineId, session: sessionId, camera, address, frameIndex, maxHoldMs, timeoutMs } = header;
    const source = { sessionId, camera, pipelineId, address };
    gateway.inFlight += 1;
    const frame = { source, frameIndex, bytes, limits: { maxHoldMs, timeoutMs }, memory: fixedMemory(moment) };
    this.#options.pool.offer(gateway.id, frame, (outcome, holdMs) => {
      gateway.inFlight -= 1;
      const understood = isOfOldGateway ? outcomeForOldGateway(outcome) : outcome;
      this.#reply(gateway, reply, understood, { arrivedMs, holdMs });
    });
  }

  /** Frames that it takes at most, running and waiting: a little more than granted, since limits of several gateways overlap. */
  get #places(): number {
    const ready = this.#ready;
    return this.#options.maxWaitMs === 0 ? ready : Math.max(ready + this.#ahead, maxFramesPerWorker * ready);
  }

  #refusalOf({ pipeline, fingerprint, gateway }: FrameHeader): RefusalReason | undefined {
    if (this.#isLeaving) return 'leaving';
    if (this.#fingerprints.get(pipeline) !== fingerprint) return 'fingerprint';
    if (this.#gateways.get(gateway) === undefined && this.#gateways.isFull) return 'busy';
    return this.#gateways.inFlight >= this.#places ? 'busy' : undefined;
  }

  #refuse(reply: string, gatewayId: string | undefined, reason: RefusalReason): void {
    this.totals.refused += 1;
    const limit = this.#gateways.limits.get(gatewayId ?? '') ?? 0;
    const others = this.#gateways.inFlight - (this.#gateways.get(gatewayId ?? '')?.inFlight ?? 0);
    const [header, body] = encodeReply({ type: 'refused', reason, tookMs: 0, limit, others });
    this.#options.channel.publish(reply, body, { header });
  }

  #reply(
    gateway: Gateway,
    reply: string,
    outcome: FrameOutcome,
    { arrivedMs, holdMs }: { readonly arrivedMs: number; readonly holdMs: number },
  ): void {
    if (outcome.type === 'dropped' && notRun.has(outcome.reason)) {
      this.#refuse(reply, gateway.id, this.#isLeaving ? 'leaving' : 'busy');
      return;
    }
    const tookMs = performance.now() - arrivedMs;
    this.totals.frames += 1;
    this.totals.busyMs += tookMs - holdMs;
    if (outcome.type === 'result') this.#serviceMs = smooth(this.#serviceMs, tookMs - holdMs, serviceWeight);
    const limit = this.#gateways.limits.get(gateway.id) ?? 0;
    const others = this.#gateways.inFlight - gateway.inFlight;
    const [header, body] = encodeReply({ ...outcome, tookMs, limit, others });
    this.#options.channel.publish(reply, body, { header });
  }

  #maintain(nowMs: number): void {
    const wasBlocked = nowMs - this.#tickedAtMs > statusIntervalMs + maxTickDelayMs;
    this.#tickedAtMs = nowMs;
    if (!wasBlocked) for (const { id } of this.#gateways.silentSince(nowMs)) this.#forget(id);
    this.#gateways.takeTurns();
    this.#update();
    this.#publish();
  }

  /** Computes the limits anew, and publishes them if they have changed. */
  #update(): void {
    const ready = this.#ready;
    const { maxWaitMs } = this.#options;
    this.#ahead = maxWaitMs === 0 ? 0 : framesAhead(ready, this.#gateways.networkMs, this.#serviceMs);
    if (this.#gateways.share(ready, ready + this.#ahead)) this.#publishSoon();
  }

  #publishSoon(): void {
    this.#publishTimer ??= setTimeout(() => this.#publish(), publishDelayMs);
  }

  #publish(): void {
    clearTimeout(this.#publishTimer);
    this.#publishTimer = undefined;
    const { channel, subjects, identity } = this.#options;
    channel.publish(subjects.hostStatus(identity.id), JSON.stringify(this.status()));
  }

  /** What it tells the gateways. */
  status(): HostStatus {
    const { pool, identity } = this.#options;
    const { size, ready, busy, timedOut, pipelines, reports } = pool.status();
    return {
      ...{ protocol: protocolVersion, ...identity, isLeaving: this.#isLeaving },
      pipelines: Object.fromEntries(this.#fingerprints),
      workers: { size, ready, busy, timedOut },
      loaded: [...pipelines],
      limits: Object.fromEntries(this.#gateways.limits),
      inFlight: Object.fromEntries([...this.#gateways].map(({ id, inFlight }) => [id, inFlight])),
      setups: setupsOf(reports),
    };
  }
}
