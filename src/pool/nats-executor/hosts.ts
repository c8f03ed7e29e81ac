/**
 * The hosts that this gateway may use: finds them, tells them what it needs, and notices when one is lost. Main thread.
 *
 *   host status ──► compatible? ──► executor of the pool, with the credit that the host grants
 *   no status for too long, nobody to receive messages, or no broker ──► its frames are dropped, the executor is removed
 *   once a second, and when it needs more ──► gateway status
 */
import type { BrokerMessage, Channel } from '../../broker/channel.ts';
import { Issues } from '../../broker/issues.ts';
import {
  compareFingerprints,
  type GatewayStatus,
  type HostStatus,
  parseHostStatus,
  protocolVersion,
  statusIntervalMs,
} from '../../broker/statuses.ts';
import { lastToken, type Subjects } from '../../broker/subjects.ts';
import type { Log } from '../../observe/log.ts';
import type { Observer } from '../../observe/observer.ts';
import type { Executor } from '../executor.ts';
import { chooseExecutor } from '../executor-choice.ts';
import { SlidingMaximum } from '../sliding-maximum.ts';
import { Flights } from './flights.ts';
import { type CommonPipelines, RemoteHost, type SendFrame } from './remote-host.ts';

export interface HostsOptions {
  readonly channel: Channel;
  readonly subjects: Subjects;
  readonly identity: { readonly id: string; readonly name: string; readonly version: string };
  /** The pool's executors; hosts are added and removed. */
  readonly executors: Executor[];
  /** Where the pool's frames are. */
  readonly memory: SharedArrayBuffer;
  /** Of the hosts, against 0 of the threads of this process: lower ones get frames first. */
  readonly rank: number;
  readonly hostLostMs: number;
  /** Number of frames that the pool holds now. */
  readonly held: () => number;
  /** Number of sessions that sent frames lately. Asked for only with a status. */
  readonly countActiveSessions: () => number;
  readonly capacityChanged: () => void;
  readonly log: Log;
  readonly observer: Observer;
}

/** Pipelines of one generation: fingerprint by id. */
interface Generation {
  readonly number: number;
  readonly fingerprints: ReadonlyMap<string, string>;
}

/** Each is a candidate for every frame. */
const maxHosts = 256;
const checkIntervalMs = 50;
/** A host that has frames, and was sent nothing for this long, is sent an empty message: if nobody receives it, the broker says so at once ("no responders"). */
const askAfterMs = 100;
/** Before the host's id in the reply subject of such a message. Keys of frames have no hyphen. */
const askPrefix = 'ask-';
/** The process was suspended or blocked: statuses have arrived meanwhile and are read first. */
const maxCheckDelayMs = 500;

export class Hosts {
  readonly #options: HostsOptions;
  readonly #flights: Flights;
  readonly #hosts = new Map<string, RemoteHost>();
  readonly #issues: Issues;
  readonly #demand = new SlidingMaximum();
  readonly #wanted = new Set<string>();
  #current: Generation = { number: 0, fingerprints: new Map() };
  #previous: Generation | undefined;
  #announcedDemand = 0;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #checkedAtMs = 0;
  #checks: NodeJS.Timeout | undefined;
  #isLeaving = false;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#issues = new Issues(options.log, 'host_refused');
    const { channel, subjects, memory, observer, capacityChanged, identity } = options;
    this.#flights = new Flights({
      ...{ channel, subjects, memory, observer, capacityChanged, gatewayId: identity.id },
      otherHost: (pipelineId, first) => this.#otherHost(pipelineId, first),
      hostGone: (host) => this.#lose(host, 'it is gone'),
      invalidReply: ({ id, name }) => this.#issues.report(`${id} reply`, ['its reply is not valid'], { host: name }),
    });
  }

  /** Begins to look for hosts. */
  start(): void {
    const { channel, subjects, identity } = this.#options;
    channel.subscribe(subjects.reply(identity.id, '*'), (message) => this.#receiveReply(message));
    channel.subscribe(subjects.everyHostStatus, ({ bytes }) => this.#receiveStatus(bytes));
    channel.onChange((isConnected) => {
      if (isConnected) this.#announce(performance.now());
      else for (const host of [...this.#hosts.values()]) this.#lose(host, 'the broker is lost');
    });
    this.#checkedAtMs = performance.now();
    this.#checks = setInterval(() => this.#check(performance.now()), checkIntervalMs);
  }

  /**
   * Uses hosts with these pipelines from now on. Those that still have the previous ones are used as long as they are not reloaded.
   * @param fingerprints by pipeline id.
   */
  setPipelines(fingerprints: ReadonlyMap<string, string>, generation: number): void {
    this.#previous = this.#current;
    this.#current = { number: generation, fingerprints };
    this.#issues.clear();
    this.#announce(performance.now());
  }

  /** Asks the hosts to load a pipeline, before its first frame. */
  request(pipelineId: string): void {
    if (this.#wanted.has(pipelineId)) return;
    this.#wanted.add(pipelineId);
    this.#announce(performance.now());
  }

  /** Whether a host has the pipeline, loaded or not. */
  has(pipelineId: string): boolean {
    for (const host of this.#hosts.values()) if (host.has(pipelineId)) return true;
    return false;
  }

  /** Tells the hosts that this gateway ends. */
  stop(): void {
    clearInterval(this.#checks);
    this.#isLeaving = true;
    this.#announce(performance.now());
  }

  #receiveReply(message: BrokerMessage): void {
    const token = lastToken(message.subject);
    if (!token.startsWith(askPrefix)) this.#flights.receive(message);
    else if (message.isUndelivered) {
      const host = this.#hosts.get(token.slice(askPrefix.length));
      if (host !== undefined) this.#lose(host, 'it is gone');
    }
  }

  #receiveStatus(bytes: Uint8Array): void {
    const { identity, rank, capacityChanged } = this.#options;
    const status = parseHostStatus(bytes);
    if ('issue' in status) {
      this.#issues.report(status.name, [status.issue], { host: status.name });
      return;
    }
    const known = this.#hosts.get(status.id);
    const common = this.#commonPipelines(status);
    if (known === undefined && (status.isLeaving || common.matching.length === 0)) return;
    if (known === undefined && this.#hosts.size >= maxHosts) {
      this.#issues.report('too many', [`more than ${maxHosts} hosts`], { host: status.name });
      return;
    }
    const nowMs = performance.now();
    const host = known ?? new RemoteHost(status, rank, nowMs, this.#send);
    host.update(status, common, identity.id, nowMs);
    if (known === undefined) this.#add(host, status, common);
    else if (status.isLeaving) this.#leaves(host);
    capacityChanged();
  }

  #add(host: RemoteHost, { name, id, version, workers }: HostStatus, { matching }: CommonPipelines): void {
    this.#hosts.set(host.id, host);
    // Otherwise, all gateways would fill the same hosts first.
    const { executors } = this.#options;
    executors.splice(Math.floor(Math.random() * (executors.length + 1)), 0, host);
    const fields = { host: name, id, version, workers: workers.size, pipelines: matching };
    this.#options.log.info('host_joined', fields, 'host joined');
    this.#announce(performance.now());
  }

  /** A host that leaves finishes its frames first. */
  #leaves(host: RemoteHost): void {
    if (!host.isRetired) this.#options.log.info('host_left', { host: host.name, id: host.id }, 'host leaves');
    host.retire();
    if (host.inFlight === 0) this.#forget(host);
  }

  /** Those of the current generation, or of the previous one if the host has more of those. */
  #commonPipelines({ id, name, pipelines, isLeaving }: HostStatus): CommonPipelines {
    const current = compareFingerprints(this.#current.fingerprints, pipelines);
    const previous = this.#previous && compareFingerprints(this.#previous.fingerprints, pipelines);
    const isBehind = previous !== undefined && previous.matching.length > current.matching.length;
    const issues = isBehind
      ? ['its pipelines are those before the last reload; reload this host, too']
      : current.issues;
    if (!isLeaving) this.#issues.report(id, issues, { host: name });
    if (isBehind && this.#previous !== undefined)
      return { matching: previous.matching, generation: this.#previous.number };
    return { matching: current.matching, generation: this.#current.number };
  }

  readonly #send: SendFrame = (host, frame, deadlineMs) => {
    const outcome = this.#flights.send(host, frame, deadlineMs);
    this.#recordDemand(performance.now());
    return outcome;
  };

  #otherHost(pipelineId: string, first: RemoteHost): RemoteHost | undefined {
    const others = [...this.#hosts.values()].filter((host) => host !== first);
    return chooseExecutor(others, pipelineId, first.generation);
  }

  #check(nowMs: number): void {
    const wasBlocked = nowMs - this.#checkedAtMs > maxCheckDelayMs;
    this.#checkedAtMs = nowMs;
    const { hostLostMs } = this.#options;
    for (const host of wasBlocked ? [] : [...this.#hosts.values()]) {
      if (host.isRetired && host.inFlight === 0) this.#forget(host);
      else if (nowMs - host.heardAtMs > hostLostMs) this.#lose(host, `nothing heard for ${hostLostMs} ms`);
      else if (host.inFlight > 0 && nowMs - host.sentAtMs >= askAfterMs) this.#ask(host, nowMs);
    }
    this.#recordDemand(nowMs);
    if (nowMs - this.#announcedAtMs >= statusIntervalMs || this.#demandAt(nowMs) > this.#announcedDemand)
      this.#announce(nowMs);
  }

  /** Finds out whether a host is still there. A frame to a host that is not would tell as well, but a session may wait for its last one. */
  #ask(host: RemoteHost, nowMs: number): void {
    const { channel, subjects, identity } = this.#options;
    host.sentAtMs = nowMs;
    channel.publish(subjects.run(host.id), '', { reply: subjects.reply(identity.id, `${askPrefix}${host.id}`) });
  }

  #recordDemand(nowMs: number): void {
    this.#demand.record(this.#flights.count + this.#options.held(), nowMs, statusIntervalMs);
  }

  #demandAt(nowMs: number): number {
    return this.#demand.at(nowMs, statusIntervalMs);
  }

  #announce(nowMs: number): void {
    const { channel, subjects, identity, countActiveSessions } = this.#options;
    this.#announcedAtMs = nowMs;
    this.#announcedDemand = this.#demandAt(nowMs);
    const status: GatewayStatus = {
      ...{ protocol: protocolVersion, ...identity, isLeaving: this.#isLeaving },
      pipelines: Object.fromEntries(this.#current.fingerprints),
      previous: Object.fromEntries(this.#previous?.fingerprints ?? []),
      demand: this.#announcedDemand,
      hostWorkers: [...this.#hosts.values()].reduce((sum, { readyWorkers }) => sum + readyWorkers, 0),
      activeSessions: countActiveSessions(),
      networkMs: this.#flights.networkMs,
      wanted: [...this.#wanted],
    };
    channel.publish(subjects.gatewayStatus(identity.id), JSON.stringify(status));
  }

  #lose(host: RemoteHost, reason: string): void {
    if (this.#hosts.get(host.id) !== host) return;
    const fields = { host: host.name, id: host.id, in_flight: host.inFlight, reason };
    host.retire();
    this.#forget(host);
    this.#options.log.warn('host_lost', fields, 'host lost');
    this.#flights.lose(host);
  }

  #forget(host: RemoteHost): void {
    const { executors } = this.#options;
    this.#hosts.delete(host.id);
    const index = executors.indexOf(host);
    if (index !== -1) executors.splice(index, 1);
  }
}
