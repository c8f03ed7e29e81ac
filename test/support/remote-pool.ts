/** A gateway's pool whose executors are hosts behind a fake broker, and both real and scripted hosts. Tests only. */
import type { Test } from 'tap';
import type { Channel } from '../../src/broker/channel.ts';
import {
  decodeFrame,
  decodeReply,
  encodeFrame,
  encodeReply,
  type FrameHeader,
  type HostReply,
  type SentFrame,
} from '../../src/broker/frame-headers.ts';
import { type GatewayStatus, type HostStatus, parseGatewayStatus, protocolVersion } from '../../src/broker/statuses.ts';
import { lastToken, Subjects } from '../../src/broker/subjects.ts';
import { Host } from '../../src/host/host.ts';
import { Observers } from '../../src/observe/observer.ts';
import type { Executor } from '../../src/pool/executor.ts';
import { Hosts, type HostsOptions } from '../../src/pool/nats-executor/hosts.ts';
import type { Pool, PoolOptions } from '../../src/pool/pool.ts';
import { noMoment } from '../../src/session-state.ts';
import type { FakeBroker } from './fake-channel.ts';
import { ManualExecutor, poolOf } from './manual-executor.ts';
import { KeptLog } from './started-pool.ts';

export const subjects = new Subjects('default');
const pipelines: ReadonlyMap<string, string> = new Map([['plates', 'f1']]);

const identityOf = (id: string) => ({ id, name: `name of ${id}`, version: '0.0.1' });

export interface RemotePoolOptions {
  readonly id?: string;
  readonly fingerprints?: ReadonlyMap<string, string>;
  /** Threads of the gateway itself. */
  readonly local?: readonly ManualExecutor[];
  readonly hosts?: Partial<HostsOptions>;
  readonly pool?: Partial<PoolOptions>;
}

/** A gateway: its pool has hosts as executors. */
export function remotePool(t: Test, broker: FakeBroker, options: RemotePoolOptions = {}) {
  const { id = 'gate', fingerprints = pipelines, local = [] } = options;
  const executors: Executor[] = [...local];
  const channel = broker.connect();
  const log = new KeptLog();
  const observer = new Observers();
  const timeouts: number[] = [];
  observer.on('frameTimedOut', ({ frameIndex }) => timeouts.push(frameIndex));
  const made = poolOf(t, [], {
    ...{ executors, load: (pipelineId) => hosts.request(pipelineId), log: log.log },
    ...options.pool,
  });
  const { pool, slots } = made;
  const hosts: Hosts = new Hosts({
    ...{ channel, subjects, identity: identityOf(id), executors, memory: slots.memory, rank: 1, hostLostMs: 60_000 },
    held: () => pool.held,
    countActiveSessions: () => pool.countActiveSessions(),
    capacityChanged: () => pool.capacityChanged(),
    ...{ log: log.log, observer },
    ...options.hosts,
  });
  hosts.setPipelines(fingerprints, 1);
  hosts.start();
  t.teardown(() => {
    hosts.stop();
    channel.setConnected(false);
  });
  const remotes = () => pool.status().hosts.toSorted((a, b) => a.id.localeCompare(b.id));
  const inFlight = () => remotes().reduce((sum, { in_flight }) => sum + in_flight, 0);
  /** Whether a callback has thrown, such as for a second outcome of a frame. */
  const hasThrown = () => log.lines.includes('unexpected_error');
  return { ...made, hosts, channel, log, executors, timeouts, remotes, inFlight, hasThrown };
}

export interface HostSetup {
  readonly fingerprints?: ReadonlyMap<string, string>;
  readonly maxWaitMs?: number;
  readonly pool?: Pool;
}

/** A real host whose frames end when the test says so. */
export function manualHost(t: Test, broker: FakeBroker, id: string, workers: number, setup: HostSetup = {}) {
  const { fingerprints = pipelines, maxWaitMs = 60_000 } = setup;
  const executor = new ManualExecutor(workers, ...fingerprints.keys());
  const made = poolOf(t, [executor], { maxWaitMs });
  const log = new KeptLog();
  const observer = new Observers();
  const channel = broker.connect();
  const host = new Host({
    ...{ channel, subjects, identity: identityOf(id), pool: made.pool, maxWaitMs, log: log.log, observer },
  });
  host.start(fingerprints);
  t.teardown(async () => {
    const left = host.leave();
    await executor.endAll();
    await left;
  });
  return { ...made, host, executor, log, channel, observer };
}

interface ReceivedFrame extends SentFrame {
  readonly reply: string;
}

/** A peer that says what the test wants. */
export class ScriptedHost {
  readonly id: string;
  readonly channel: Channel & { setConnected(isConnected: boolean): void };
  readonly frames: ReceivedFrame[] = [];

  constructor(broker: FakeBroker, id: string) {
    this.id = id;
    this.channel = broker.connect();
    this.channel.subscribe(subjects.run(id), ({ header, reply, bytes }) => {
      // A gateway asks whether it is there.
      if (header === '') return;
      const sent = decodeFrame(header, bytes);
      if (sent === undefined) throw new Error(`invalid frame header: ${header}`);
      this.frames.push({ ...sent, reply, bytes: Uint8Array.from(sent.bytes) });
    });
  }

  /** Reports itself, with a limit for the gateway `gate`. */
  report(limit: number, changes: Partial<HostStatus> = {}): void {
    const status: HostStatus = {
      ...{ protocol: protocolVersion, ...identityOf(this.id), isLeaving: false },
      pipelines: Object.fromEntries(pipelines),
      ...{ workers: { size: limit, ready: limit, busy: 0, timedOut: 0 }, loaded: ['plates'] },
      ...{ limits: { gate: limit }, inFlight: {}, setups: [] },
      ...changes,
    };
    this.channel.publish(subjects.hostStatus(this.id), JSON.stringify(status));
  }

  /** Replies to a frame by its index. */
  reply(
    frameIndex: number,
    outcome: object = { type: 'result', text: '{"n":1}', timings: {} },
    limit: number = 1,
  ): void {
    const frame = this.frames.find(({ header }) => header.frameIndex === frameIndex);
    if (frame === undefined) throw new Error(`frame ${frameIndex} is not here`);
    const [header, body] = encodeReply({ tookMs: 1, limit, others: 0, ...outcome } as HostReply);
    this.channel.publish(frame.reply, body, { header });
  }

  refuse(frameIndex: number, reason: string, limit: number = 1): void {
    this.reply(frameIndex, { type: 'refused', reason }, limit);
  }
}

/** A gateway that sends what the test wants. */
export class ScriptedGateway {
  readonly id: string;
  readonly channel: Channel;
  readonly replies = new Map<number, HostReply>();
  /** Replies that are not valid, or to a frame that has one already. */
  readonly unexpected: string[] = [];

  constructor(broker: FakeBroker, id: string) {
    this.id = id;
    this.channel = broker.connect();
    this.channel.subscribe(subjects.reply(id, '*'), ({ subject, header, bytes }) => {
      const reply = decodeReply(header, bytes);
      const frameIndex = Number(lastToken(subject));
      if (reply === undefined || this.replies.has(frameIndex)) this.unexpected.push(header);
      else this.replies.set(frameIndex, reply);
    });
  }

  report(changes: Partial<GatewayStatus> = {}): void {
    this.channel.publish(subjects.gatewayStatus(this.id), JSON.stringify(gatewayStatus(this.id, changes)));
  }

  /** @param reply subject of the reply. */
  send(
    hostId: string,
    frameIndex: number,
    changes: Partial<FrameHeader> = {},
    { bytes = Uint8Array.of(frameIndex), reply = subjects.reply(this.id, String(frameIndex)), moment = noMoment } = {},
  ): void {
    const header = {
      ...{ gateway: this.id, pipeline: 'plates', fingerprint: 'f1', frameIndex, session: 's', camera: 'gate' },
      ...{ address: '192.0.2.1', maxHoldMs: 60_000, timeoutMs: 60_000 },
      ...changes,
    };
    const [text, body] = encodeFrame({ header, moment, bytes });
    this.channel.publish(subjects.run(hostId), body, { reply, header: text });
  }
}

export function gatewayStatus(id: string, changes: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    ...{ protocol: protocolVersion, ...identityOf(id), isLeaving: false, pipelines: Object.fromEntries(pipelines) },
    ...{ demand: 1, hostWorkers: 1, activeSessions: 1, networkMs: 0, wanted: [], previous: {} },
    ...changes,
  };
}

/** The newest status that a gateway has published. */
export function lastGatewayStatus(broker: FakeBroker, id: string): GatewayStatus {
  const text = broker.published.findLast(({ subject }) => subject === subjects.gatewayStatus(id))?.text ?? '';
  const status = parseGatewayStatus(Buffer.from(text));
  if ('issue' in status) throw new Error(status.issue);
  return status;
}

/** Lets everything that has been published arrive. */
export function delivered(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
