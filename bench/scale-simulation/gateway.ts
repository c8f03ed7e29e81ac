/** A simulated gateway: the real scheduler, with one executor per host. Measures the CPU time of the scheduler. */
import type { Capacity } from '../../src/pool/executor.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import { Scheduler, type Start } from '../../src/pool/scheduler.ts';
import { smooth } from '../../src/statistics.ts';
import type { Agenda } from './agenda.ts';
import type { CameraSession } from './camera.ts';
import type { Host } from './host.ts';
import { grantIntervalMs, type Scene } from './scene.ts';
import type { Fate } from './tally.ts';

/** A frame between its camera and its fate. */
export interface ScaleFrame {
  readonly pipelineId: string;
  readonly session: CameraSession;
  readonly settle: (fate: Fate) => void;
}

/** A frame at a host. */
export interface Job {
  readonly finished: () => void;
}

type Step = Start<ScaleFrame, HostExecutor>;

const pipelines: ReadonlySet<string> = new Set(['any']);
const result: FrameOutcome = { type: 'result', text: '', timings: {} };
const workerLost: FrameOutcome = { type: 'dropped', reason: 'worker_lost' };
/** Weight of the newest value in the smoothed demand. */
const demandWeight = 0.3;

/** A host as one gateway sees it. */
class HostExecutor implements Capacity {
  readonly generation = 1;
  readonly rank = 0;
  readonly pipelines = pipelines;
  readonly host: Host;
  readonly inFlight = new Set<Step>();
  capacity = 0;
  /** Frames of other gateways there, at the last grant. */
  others = 0;

  constructor(host: Host) {
    this.host = host;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.inFlight.size);
  }

  get idleShare(): number {
    return this.free === 0 ? 0 : Math.max(0, 1 - (this.others + this.inFlight.size) / this.host.workers);
  }
}

export interface GatewayOptions {
  readonly number: number;
  readonly zone: number;
  readonly scene: Scene;
  readonly agenda: Agenda;
  /** How long the next message takes from the gateway to a host, or back. */
  readonly drawOneWayMs: () => number;
  /** The scheduler has ended a session after its second lost worker. */
  readonly sessionFailed: (session: CameraSession) => void;
}

export class Gateway {
  readonly zone: number;
  readonly #options: GatewayOptions;
  #executors: HostExecutor[] = [];
  #scheduler: Scheduler<ScaleFrame, HostExecutor>;
  readonly #outstanding = new Set<ScaleFrame>();
  #isUp = true;
  #expiryMs = Number.POSITIVE_INFINITY;
  #arrived = 0;
  #arrivalRate: number | undefined;
  #frameMs: number | undefined;
  /** Frames that have arrived. */
  frames = 0;
  /** CPU time of the scheduler. */
  cpuMs = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.zone = options.zone;
    this.#scheduler = new Scheduler({ executors: this.#executors, maxWaitMs: options.scene.maxWaitMs });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get sessions(): number {
    return this.#scheduler.sessions;
  }

  /** Frames that it would have in flight if it could start all that arrive. */
  get demand(): number {
    return (this.#arrivalRate ?? 0) * (this.#frameMs ?? this.#options.scene.serviceMs);
  }

  open({ id }: CameraSession): void {
    this.#scheduler.open(id);
  }

  close({ id }: CameraSession): void {
    for (const { frame } of this.#scheduler.close(id)) this.#settle(frame, 'session_closed');
  }

  offer(frame: ScaleFrame): void {
    const { nowMs } = this.#options.agenda;
    this.frames += 1;
    this.#arrived += 1;
    this.#outstanding.add(frame);
    if (this.#scheduler.held > 0) this.#startHeld();
    const decision = this.#timed(() => this.#scheduler.arrive(frame.session.id, frame, nowMs));
    if (decision.type === 'start') this.#send(decision);
    else if (decision.type === 'drop') this.#settle(frame, decision.reason as Fate);
    else {
      if (decision.displaced !== undefined) this.#settle(decision.displaced.frame, 'displaced');
      this.#expireAt(decision.ticket.holdEndMs);
    }
  }

  /** To be called once per `grantIntervalMs`, before the hosts grant their places. */
  report(): void {
    this.#arrivalRate = smooth(this.#arrivalRate, this.#arrived / grantIntervalMs, demandWeight);
    this.#arrived = 0;
  }

  granted(host: Host, places: number): void {
    let executor = this.#executors.find((each) => each.host === host);
    if (executor === undefined) {
      executor = new HostExecutor(host);
      // Otherwise all gateways would fill the same hosts first.
      this.#executors.splice(
        (this.#options.number * this.#executors.length) % (this.#executors.length + 1),
        0,
        executor,
      );
    }
    executor.capacity = places;
    executor.others = Math.max(0, host.inFlight - executor.inFlight.size);
  }

  /** To be called after all hosts have granted their places. */
  capacityChanged(): void {
    if (this.#isUp) this.#startHeld();
  }

  /** The host has been silent for too long: its frames are dropped. */
  hostLost(host: Host): void {
    const index = this.#executors.findIndex((each) => each.host === host);
    const [lost] = index < 0 ? [] : this.#executors.splice(index, 1);
    for (const { ticket } of lost?.inFlight ?? []) {
      const outcome = this.#timed(() => this.#scheduler.ended(ticket, workerLost, this.#options.agenda.nowMs));
      this.#settle(ticket.frame, outcome.type === 'failed' ? 'lost' : 'worker_lost');
      if (outcome.type === 'failed') this.#options.sessionFailed(ticket.frame.session);
    }
    lost?.inFlight.clear();
    this.#startHeld();
  }

  /** All its connections are cut. */
  goDown(): void {
    this.#isUp = false;
    for (const frame of this.#outstanding) frame.settle('lost');
    this.#outstanding.clear();
    this.#executors = [];
    this.#expiryMs = Number.POSITIVE_INFINITY;
    this.#scheduler = new Scheduler({ executors: this.#executors, maxWaitMs: this.#options.scene.maxWaitMs });
  }

  comeUp(): void {
    this.#isUp = true;
  }

  #send(step: Step): void {
    const { agenda, drawOneWayMs } = this.#options;
    const { executor } = step;
    const startedMs = agenda.nowMs;
    executor.inFlight.add(step);
    const reply = () => {
      // Frames of a host or gateway that was lost have been settled.
      if (!executor.inFlight.delete(step) || !this.#outstanding.has(step.ticket.frame)) return;
      this.#frameMs = smooth(this.#frameMs, agenda.nowMs - startedMs, 0.01);
      this.#timed(() => this.#scheduler.ended(step.ticket, result, agenda.nowMs));
      this.#startHeld();
      this.#settle(step.ticket.frame, 'result');
    };
    const job: Job = { finished: () => agenda.at(agenda.nowMs + drawOneWayMs(), reply) };
    agenda.at(startedMs + drawOneWayMs(), () => executor.host.receive(job));
  }

  #startHeld(): void {
    const { nowMs } = this.#options.agenda;
    const next = () => this.#timed(() => this.#scheduler.next(nowMs));
    for (let start = next(); start !== undefined; start = next()) this.#send(start);
  }

  /** One timer, as in the pool. */
  #expireAt(atMs: number): void {
    if (this.#expiryMs <= atMs) return;
    this.#expiryMs = atMs;
    this.#options.agenda.at(atMs, () => {
      if (this.#expiryMs !== atMs) return;
      this.#expiryMs = Number.POSITIVE_INFINITY;
      const ended = this.#timed(() => this.#scheduler.expire(atMs));
      for (const { frame } of ended) this.#settle(frame, 'expired');
      this.#startHeld();
      if (this.#scheduler.held > 0) this.#expireAt(this.#scheduler.nextExpiryMs);
    });
  }

  #settle(frame: ScaleFrame, fate: Fate): void {
    if (!this.#outstanding.delete(frame)) throw new Error('a frame has two fates');
    frame.settle(fate);
  }

  #timed<Value>(call: () => Value): Value {
    const fromMs = performance.now();
    const value = call();
    this.cpuMs += performance.now() - fromMs;
    return value;
  }
}
