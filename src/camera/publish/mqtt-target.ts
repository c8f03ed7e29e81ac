/**
 * Publishes to one MQTT broker: events from the buffer, and retained topics. Main thread of the bridge.
 *
 *   events ─► EventBuffer ────┐
 *                             ├─► up to `window` unacknowledged messages ─► MqttConnection ─► broker
 *   counts ─► RetainedTopics ─┘    lost with the connection: they are sent again on the next one
 */
import { retryDelayMs } from './backoff.ts';
import { countSensor, type DiscoveryMessage, type DiscoveryOptions, lastTextSensor } from './discovery.ts';
import { EventBuffer } from './event-buffer.ts';
import type { CameraEvent } from './event-reader.ts';
import type { MqttConnection, MqttMessage, MqttOptions, MqttVersion, OpenMqtt } from './mqtt-connection.ts';
import { OutageReport } from './outage-report.ts';
import { RetainedTopics } from './retained-topics.ts';
import { SceneCountsReader } from './scene-counts.ts';
import type { Target, TargetCounts, TargetNotice, TargetState } from './target.ts';
import type { Topics } from './topics.ts';

export interface MqttTargetOptions {
  readonly name: string;
  readonly broker: Omit<MqttOptions, 'willTopic' | 'clientId'>;
  readonly topics: Topics;
  readonly discovery: DiscoveryOptions | undefined;
  readonly cameras: readonly string[];
  readonly open: OpenMqtt;
  readonly onNotice: (notice: TargetNotice) => void;
}

/** Retained topics change at most this often: counts of a busy scene change with every frame. */
const roundMs = 500;
/** A broker that is connected but does not acknowledge for this long is left. */
const ackTimeoutMs = 30_000;
/**
 * One more event is unacknowledged for so many that wait. A broker that crashes may have passed on what it has not acknowledged, and gets it
 * again: in ordinary operation, that is one event, and only a long backlog is sent faster.
 */
const waitingPerUnacknowledged = 16;
/** A connection that lasts this long ends the back-off. Two bridges with the same client id would otherwise take it from each other forever. */
const stableMs = 10_000;

const closed = 'the broker closed the connection';
/** Many brokers end the older of two connections with the same client id without a reason. */
const closedAgain = `${closed} again, as it does if another bridge has the same cameras and prefix`;

/** A message that the broker has not acknowledged yet. */
interface Sent {
  readonly sentAtMs: number;
}

export class MqttTarget implements Target {
  readonly name: string;
  readonly #options: MqttTargetOptions;
  readonly #buffer = new EventBuffer();
  readonly #retained = new RetainedTopics();
  readonly #outage = new OutageReport();
  readonly #counts = new Map<string, SceneCountsReader>();
  readonly #timer: NodeJS.Timeout;
  #version: MqttVersion = 5;
  #connection: MqttConnection | undefined;
  #destroy: (detail: string) => void = () => undefined;
  #retry: NodeJS.Timeout | undefined;
  #openedAtMs = 0;
  #failures = 0;
  /** Unacknowledged messages of this connection. */
  #sent = new Set<Sent>();
  #takesEvent = false;
  #isEnded = false;
  /** Wakes `close`, which waits for something to change. */
  #changed: (() => void) | undefined;
  /** Why retained topics were refused; each reason is said once. */
  readonly #refusals = new Set<string>();

  constructor(options: MqttTargetOptions) {
    this.name = options.name;
    this.#options = options;
    this.#retained.set(options.topics.bridgeAvailability, 'online');
    for (const camera of options.cameras) this.setOnline(camera, false);
    this.#timer = setInterval(() => this.#startRound(), roundMs);
    this.#connect();
  }

  get counts(): TargetCounts {
    return this.#buffer.counts;
  }

  get state(): TargetState {
    if (this.#connection !== undefined) return 'connected';
    return this.#outage.isAway ? 'away' : 'connecting';
  }

  publish(event: CameraEvent): void {
    const dropped = this.#buffer.push(event);
    if (dropped > 0) this.#say('lost', this.#outage.lost(dropped, 'the buffer is full', performance.now()));
    if (event.hasText) this.#setLastText(event);
    this.#pump();
  }

  count(camera: string, counts: unknown): void {
    const { topics, discovery } = this.#options;
    const reader = this.#counts.get(camera) ?? new SceneCountsReader();
    this.#counts.set(camera, reader);
    const ignoredBefore = reader.ignored;
    for (const { zone, kind, total, labels, isNew } of reader.read(counts)) {
      if (isNew && discovery !== undefined) this.#setSensor(countSensor(discovery, camera, zone, kind));
      this.#retained.set(topics.counts(camera, zone, kind), JSON.stringify({ total, labels }));
    }
    if (ignoredBefore === 0 && reader.ignored > 0)
      this.#say('warning', `${camera} has too many zones, or very long names; the others are published`);
  }

  setOnline(camera: string, isOnline: boolean): void {
    this.#retained.set(this.#options.topics.availability(camera), isOnline ? 'online' : 'offline');
  }

  async close(maxMs: number): Promise<void> {
    const { topics, cameras } = this.#options;
    const deadlineMs = performance.now() + maxMs;
    if (this.counts.waiting > 0 && this.#retry !== undefined) this.#connect();
    await this.#until(deadlineMs, () => this.counts.waiting === 0);
    for (const camera of cameras) this.setOnline(camera, false);
    this.#retained.set(topics.bridgeAvailability, 'offline');
    this.#startRound();
    await this.#until(deadlineMs, () => this.#connection === undefined || this.#retained.isSettled);
    clearInterval(this.#timer);
    this.#isEnded = true;
    if (this.#connection !== undefined && this.#retained.isSettled) {
      this.#connection.end();
      await this.#until(deadlineMs, () => this.#connection === undefined);
    }
    clearTimeout(this.#retry);
    // Without `offline` from us, the broker publishes it now, as our will.
    this.#destroy('stopped');
  }

  /** Waits until `holds`, which may change whenever the broker answers, or the connection ends. */
  async #until(deadlineMs: number, holds: () => boolean): Promise<void> {
    while (!holds() && performance.now() < deadlineMs) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs - performance.now());
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #setLastText({ camera, json }: CameraEvent): void {
    const { topics, discovery } = this.#options;
    const topic = topics.lastText(camera);
    if (discovery !== undefined && !this.#retained.has(topic)) this.#setSensor(lastTextSensor(discovery, camera));
    this.#retained.set(topic, json);
  }

  #setSensor({ topic, payload }: DiscoveryMessage): void {
    this.#retained.set(topic, payload);
  }

  #connect(): void {
    const { broker, topics, open } = this.#options;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const options = { ...broker, clientId: `framegate-${topics.bridgeId}`, willTopic: topics.bridgeAvailability };
    this.#destroy = open(options, this.#version, {
      onOpen: (connection) => this.#onOpen(connection),
      onClose: (detail, isOldBroker) => this.#onClose(detail, isOldBroker),
    });
  }

  #onOpen(connection: MqttConnection): void {
    this.#connection = connection;
    this.#openedAtMs = performance.now();
    this.#retained.restart();
    const back = this.#outage.recovered(this.#openedAtMs);
    this.#options.onNotice(back === undefined ? { type: 'connected' } : { type: 'back', detail: back });
    this.#takesEvent = false;
    this.#pump();
  }

  #onClose(detail: string | undefined, isOldBroker: boolean): void {
    const nowMs = performance.now();
    const wasOpen = this.#connection !== undefined;
    const wasStable = wasOpen && nowMs - this.#openedAtMs >= stableMs;
    this.#connection = undefined;
    this.#sent = new Set();
    this.#buffer.release();
    this.#changed?.();
    if (isOldBroker) this.#version = 4;
    this.#failures = wasStable || isOldBroker ? 1 : this.#failures + 1;
    if (this.#isEnded) return;
    const reason = detail ?? (wasOpen && this.#failures > 1 ? closedAgain : closed);
    if (!isOldBroker) this.#say('away', this.#outage.failed(reason, nowMs));
    this.#retry = setTimeout(() => this.#connect(), isOldBroker ? 0 : retryDelayMs(this.#failures, Math.random()));
  }

  #startRound(): void {
    const nowMs = performance.now();
    if ([...this.#sent].some(({ sentAtMs }) => nowMs - sentAtMs > ackTimeoutMs))
      this.#destroy(`the broker has not acknowledged a message for ${ackTimeoutMs / 1000} s`);
    this.#retained.startRound();
    this.#pump();
  }

  /** Sends as many messages as the broker takes; an event and a retained topic in turn, so that neither waits for all of the others. */
  #pump(): void {
    while (this.#connection !== undefined && this.#sent.size < this.#connection.window) {
      const sendsOne = this.#takesEvent
        ? this.#sendEvent() || this.#sendRetained()
        : this.#sendRetained() || this.#sendEvent();
      if (!sendsOne) return;
      this.#takesEvent = !this.#takesEvent;
    }
  }

  #sendEvent(): boolean {
    const { waiting } = this.#buffer.counts;
    if (this.#buffer.sending >= Math.ceil(waiting / waitingPerUnacknowledged)) return false;
    const taken = this.#buffer.take();
    if (taken === undefined) return false;
    const { camera, type } = taken.event;
    const message = { topic: this.#options.topics.event(camera, type), payload: taken.message, retain: false };
    this.#send(message, (refused) => {
      if (refused === undefined) this.#buffer.acknowledge(taken);
      else {
        this.#buffer.giveUp(taken);
        this.#say('lost', this.#outage.lost(1, refused, performance.now()));
      }
    });
    return true;
  }

  #sendRetained(): boolean {
    const taken = this.#retained.take();
    if (taken === undefined) return false;
    this.#send({ ...taken, retain: true }, (refused) => {
      this.#retained.settled(taken);
      if (refused === undefined || this.#refusals.has(refused)) return;
      this.#refusals.add(refused);
      this.#say('warning', `${taken.topic} was refused: ${refused}`);
    });
    return true;
  }

  #send(message: MqttMessage, answered: (refused: string | undefined) => void): void {
    const sent: Sent = { sentAtMs: performance.now() };
    const ofConnection = this.#sent;
    ofConnection.add(sent);
    this.#connection?.publish(message, (outcome) => {
      // What an ended connection still says is void: its messages are on their way again.
      if (outcome === 'closed' || ofConnection !== this.#sent) return;
      ofConnection.delete(sent);
      answered(outcome === 'acknowledged' ? undefined : outcome.refused);
      this.#changed?.();
      this.#pump();
    });
  }

  #say(type: 'away' | 'lost' | 'warning', detail: string | undefined): void {
    if (detail !== undefined) this.#options.onNotice({ type, detail });
  }
}
