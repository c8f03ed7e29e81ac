/**
 * The connection to a NATS broker, which lasts for the life of the process: it reconnects by itself, and while it is not connected,
 * nothing is published, not even later. Main thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, type Msg, type MsgHdrs, type NatsConnection, type Status } from '@nats-io/transport-node';
import type { BrokerConfig } from '../broker-config.ts';
import { ConfigError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { BrokerMessage, Channel, PublishOptions } from './channel.ts';
import { connectionOptions, isTemporary, messageOf, reasonOf } from './connection-options.ts';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  /** Name of this process in the broker's lists of connections. */
  readonly name: string;
  /** Size of the largest message that will be sent. */
  readonly minPayloadBytes: number;
  readonly log: Log;
}

const headerName = 'Framegate';

const firstRetryMs = 1000;
/** A broker that has hung must not hold up the end of the process. */
const maxFlushMs = 1000;
/** Reasons of errors that are remembered until the next connection, so that each is logged once. */
const maxReasons = 100;

const noResponders = 503;

type Subscription = readonly [subject: string, receive: (message: BrokerMessage) => void];

export class Broker implements Channel {
  readonly #options: BrokerOptions;
  readonly #subscriptions: Subscription[] = [];
  /** The broker has refused these; they are tried again at the next connection. */
  readonly #denied = new Set<Subscription>();
  readonly #reasons = new Set<string>();
  readonly #listeners: ((isConnected: boolean) => void)[] = [];
  #connection: NatsConnection | undefined;
  #isConnected = false;
  #isClosed = false;

  private constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /**
   * Connects. A broker that cannot be reached is tried again in the background.
   * @throws ConfigError if the broker refuses the credentials, or takes only smaller messages than needed.
   */
  static async connect(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    try {
      await broker.#connect();
    } catch (error) {
      if (!isTemporary(error)) throw broker.#configErrorOf(error);
      const servers = options.config.servers.join(', ');
      options.log.warn('broker_lost', { servers, reason: messageOf(error) }, 'broker cannot be reached; trying again');
      void broker.#connectLater();
    }
    return broker;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(subject: string, bytes: Uint8Array | string, { reply = '', header }: PublishOptions = {}): boolean {
    if (this.#connection === undefined || !this.#isConnected) return false;
    try {
      this.#connection.publish(subject, bytes, { reply, ...(header === undefined ? {} : headersOf(header)) });
      return true;
    } catch (error) {
      // The limit of a running broker can be lowered.
      this.#report(`a message could not be sent: ${messageOf(error)}`);
      return false;
    }
  }

  subscribe(subject: string, receive: (message: BrokerMessage) => void): void {
    const subscription = [subject, receive] as const;
    this.#subscriptions.push(subscription);
    if (this.#connection !== undefined) this.#subscribe(this.#connection, subscription);
  }

  onChange(changed: (isConnected: boolean) => void): void {
    this.#listeners.push(changed);
    if (this.#isConnected) changed(true);
  }

  /** Sends what has been published, and disconnects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = this.#connection;
    if (connection === undefined) return;
    const flushed = this.#isConnected ? connection.flush().catch(() => undefined) : undefined;
    await Promise.race([flushed, sleep(maxFlushMs, undefined, { ref: false })]);
    this.#isConnected = false;
    await connection.close();
  }

  async #connect(): Promise<void> {
    const { config, name, log } = this.#options;
    const connection = await connect(connectionOptions(config, name));
    const issue = this.#payloadIssue(connection);
    if (issue !== undefined || this.#isClosed) await connection.close();
    if (issue !== undefined) throw new ConfigError([issue]);
    if (this.#isClosed) return;
    this.#connection = connection;
    for (const subscription of this.#subscriptions) this.#subscribe(connection, subscription);
    void this.#watch(connection);
    log.info('broker_connected', { server: connection.getServer() }, 'connected to broker');
    this.#changed(true);
  }

  async #connectLater(): Promise<void> {
    while (!this.#isClosed && this.#connection === undefined) {
      await sleep(firstRetryMs, undefined, { ref: false });
      try {
        await this.#connect();
      } catch (error) {
        if (!isTemporary(error)) this.#report(messageOf(error));
      }
    }
  }

  /** The client reconnects by itself. If it gives up after all, such as for a file that cannot be used, a new one takes over. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) this.#received(connection, status);
    if (this.#isClosed) return;
    this.#connection = undefined;
    this.#changed(false);
    const cause = await connection.closed();
    this.#report(`connection closed${cause === undefined ? '' : `: ${messageOf(cause)}`}`);
    void this.#connectLater();
  }

  #received(connection: NatsConnection, status: Status): void {
    const { log } = this.#options;
    if (status.type === 'disconnect' && !this.#isClosed) {
      log.warn('broker_lost', { servers: status.server, reason: 'disconnected' }, 'broker lost; reconnecting');
      this.#changed(false);
    } else if (status.type === 'reconnect') {
      const issue = this.#payloadIssue(connection);
      if (issue === undefined) log.info('broker_connected', { server: status.server }, 'connected to broker');
      else this.#report(issue);
      for (const denied of this.#denied) this.#subscribe(connection, denied);
      this.#changed(issue === undefined);
    } else if (status.type === 'error') this.#report(reasonOf(status.error));
  }

  /** Logs a reason once, until the next connection. */
  #report(reason: string): void {
    if (this.#reasons.has(reason) || this.#reasons.size >= maxReasons) return;
    this.#reasons.add(reason);
    this.#options.log.error('broker_error', { reason }, `broker: ${reason}`);
  }

  #changed(isConnected: boolean): void {
    if (isConnected) this.#reasons.clear();
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    for (const changed of this.#listeners) {
      try {
        changed(isConnected);
      } catch (err) {
        this.#options.log.error('unexpected_error', { err }, 'change of the broker connection could not be handled');
      }
    }
  }

  #subscribe(connection: NatsConnection, subscription: Subscription): void {
    const { log } = this.#options;
    const [subject, receive] = subscription;
    this.#denied.delete(subscription);
    connection.subscribe(subject, {
      callback: (error, message) => {
        try {
          // The status reports it, too.
          if (error === null) receive(messageOfNats(message));
          else this.#denied.add(subscription);
        } catch (err) {
          log.error('unexpected_error', { err, subject }, 'broker message could not be handled');
        }
      },
    });
  }

  #payloadIssue({ info }: NatsConnection): string | undefined {
    const { minPayloadBytes } = this.#options;
    const maxBytes = info?.max_payload ?? 0;
    if (maxBytes >= minPayloadBytes) return undefined;
    return (
      `the broker takes messages of ${maxBytes} bytes; set its max_payload to ${minPayloadBytes} or more, ` +
      'or lower STREAM_MAX_FRAME_SIZE_MB here and on every gateway and host'
    );
  }

  #configErrorOf(error: unknown): ConfigError {
    if (error instanceof ConfigError) return error;
    const servers = this.#options.config.servers.join(', ');
    return new ConfigError([`broker ${servers}: ${messageOf(error)}`], { cause: error });
  }
}

function headersOf(header: string): { headers: MsgHdrs } {
  const all = headers();
  all.append(headerName, header);
  return { headers: all };
}

function messageOfNats(message: Msg): BrokerMessage {
  const { subject, reply = '', headers, data } = message;
  const isUndelivered = headers?.code === noResponders;
  return { subject, reply, header: headers?.get(headerName) ?? '', bytes: data, isUndelivered };
}
