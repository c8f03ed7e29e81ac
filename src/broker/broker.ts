/**
 * The connection to a NATS broker, which lasts for the life of the process: it reconnects by itself, and while it is not connected,
 * nothing is published, not even later. The only file that imports the NATS client. Main thread.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Authenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  errors,
  headers,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
  type Status,
} from '@nats-io/transport-node';
import type { BrokerConfig } from '../broker-config.ts';
import { ConfigError } from '../errors.ts';
import type { Log } from '../observe/log.ts';

/** A message with the value of its one header, which belongs to this project. */
export interface BrokerMessage {
  readonly subject: string;
  /** Where to reply to; empty if no reply is expected. */
  readonly reply: string;
  /** Empty without one. */
  readonly header: string;
  /** Valid until the handler returns. */
  readonly bytes: Uint8Array;
  /** Nobody receives messages on the subject of a request; sent by the broker to its reply subject. */
  readonly isUndelivered: boolean;
}

export interface BrokerOptions {
  readonly config: BrokerConfig;
  /** Name of this process in the broker's lists of connections. */
  readonly name: string;
  /** Size of the largest message that will be sent. */
  readonly minPayloadBytes: number;
  readonly log: Log;
}

/** What gateways and hosts use of the broker. */
export interface Channel {
  readonly isConnected: boolean;
  /**
   * Sends a message; does nothing while the broker is not connected.
   * @param bytes must not change until the current task of the event loop has ended.
   */
  publish(subject: string, bytes: Uint8Array | string, options?: PublishOptions): void;
  /** Receives messages from now on, also after a reconnection. */
  subscribe(subject: string, receive: (message: BrokerMessage) => void): void;
  /** Called with each change of `isConnected`, and at once if it is connected already. */
  onChange(changed: (isConnected: boolean) => void): void;
}

export interface PublishOptions {
  readonly reply?: string;
  readonly header?: string;
}

const headerName = 'Framegate';

/** A broker that does not answer two pings in a row is gone. */
const pingIntervalMs = 2000;
const maxUnansweredPings = 2;
const connectTimeoutMs = 5000;
const reconnectMs = 250;
/** Every gateway and host reconnects when a broker restarts; this spreads them. */
const reconnectJitterMs = 250;
const firstRetryMs = 1000;

/** The broker is not there yet, or the network is not. Everything else is a wrong setting. */
const temporaryCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

const noResponders = 503;

export class Broker implements Channel {
  readonly #options: BrokerOptions;
  readonly #subscriptions: [subject: string, receive: (message: BrokerMessage) => void][] = [];
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

  publish(subject: string, bytes: Uint8Array | string, { reply = '', header }: PublishOptions = {}): void {
    if (this.#connection === undefined || !this.#isConnected) return;
    if (header === undefined) {
      this.#connection.publish(subject, bytes, { reply });
      return;
    }
    const all = headers();
    all.append(headerName, header);
    this.#connection.publish(subject, bytes, { reply, headers: all });
  }

  subscribe(subject: string, receive: (message: BrokerMessage) => void): void {
    this.#subscriptions.push([subject, receive]);
    if (this.#connection !== undefined) this.#subscribe(this.#connection, subject, receive);
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
    if (this.#isConnected) await connection.flush().catch(() => undefined);
    this.#isConnected = false;
    await connection.close();
  }

  async #connect(): Promise<void> {
    const { config, name, log } = this.#options;
    const connection = await connect(optionsOf(config, name));
    const issue = this.#payloadIssue(connection);
    if (issue !== undefined || this.#isClosed) await connection.close();
    if (issue !== undefined) throw new ConfigError([issue]);
    this.#connection = connection;
    for (const [subject, receive] of this.#subscriptions) this.#subscribe(connection, subject, receive);
    void this.#watch(connection);
    log.info('broker_connected', { server: connection.getServer() }, 'connected to broker');
    this.#changed(true);
  }

  async #connectLater(): Promise<void> {
    let lastReason = '';
    while (!this.#isClosed && this.#connection === undefined) {
      await sleep(firstRetryMs, undefined, { ref: false });
      try {
        await this.#connect();
      } catch (error) {
        const reason = messageOf(error);
        const isNew = reason !== lastReason && !isTemporary(error);
        if (isNew) this.#options.log.error('broker_error', { reason }, 'broker cannot be used');
        lastReason = reason;
      }
    }
  }

  /** Ends when the connection is closed for good. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) this.#received(connection, status);
  }

  #received(connection: NatsConnection, status: Status): void {
    const { log } = this.#options;
    if (status.type === 'disconnect' && !this.#isClosed) {
      log.warn('broker_lost', { servers: status.server, reason: 'disconnected' }, 'broker lost; reconnecting');
      this.#changed(false);
    } else if (status.type === 'reconnect') {
      const issue = this.#payloadIssue(connection);
      if (issue === undefined) log.info('broker_connected', { server: status.server }, 'connected to broker');
      else log.error('broker_error', { reason: issue }, 'broker cannot be used');
      this.#changed(issue === undefined);
    } else if (status.type === 'error') {
      log.error('broker_error', { reason: status.error.message }, 'broker reports an error');
    }
  }

  #changed(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    for (const changed of this.#listeners) changed(isConnected);
  }

  #subscribe(connection: NatsConnection, subject: string, receive: (message: BrokerMessage) => void): void {
    const { log } = this.#options;
    connection.subscribe(subject, {
      callback: (error, message) => {
        try {
          // A denied subscription is reported by the status, too.
          if (error === null) receive(messageOfNats(message));
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

function messageOfNats(message: Msg): BrokerMessage {
  const { subject, reply = '', headers, data } = message;
  const isUndelivered = headers?.code === noResponders;
  return { subject, reply, header: headers?.get(headerName) ?? '', bytes: data, isUndelivered };
}

/** Files are read by the client at each connection, so renewed ones are used. */
function optionsOf(config: BrokerConfig, name: string): ConnectionOptions {
  const { servers, usesTls, user, password, tlsCaFile, tlsCertFile, tlsKeyFile } = config;
  const authenticator = authenticatorOf(config);
  return {
    ...{ servers: [...servers], name, noEcho: true, timeout: connectTimeoutMs },
    ...{ pingInterval: pingIntervalMs, maxPingOut: maxUnansweredPings },
    ...{ maxReconnectAttempts: -1, ignoreAuthErrorAbort: true },
    ...{ reconnectTimeWait: reconnectMs, reconnectJitter: reconnectJitterMs, reconnectJitterTLS: reconnectJitterMs },
    ...(user === undefined ? {} : password === undefined ? { token: user } : { user, pass: password }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(usesTls || tlsCertFile !== undefined
      ? {
          tls: {
            ...(tlsCaFile === undefined ? {} : { caFile: tlsCaFile }),
            ...(tlsCertFile === undefined ? {} : { certFile: tlsCertFile }),
            ...(tlsKeyFile === undefined ? {} : { keyFile: tlsKeyFile }),
          },
        }
      : {}),
  };
}

/** @throws ConfigError if a file has no usable key. */
function authenticatorOf({ credsFile, nkeyFile }: BrokerConfig): Authenticator | undefined {
  try {
    if (credsFile !== undefined) return credsAuthenticator(readFileSync(credsFile));
    if (nkeyFile !== undefined) return nkeyAuthenticator(Buffer.from(readFileSync(nkeyFile, 'utf8').trim()));
    return undefined;
  } catch (cause) {
    throw new ConfigError([`${credsFile ?? nkeyFile}: ${messageOf(cause)}`], { cause });
  }
}

function isTemporary(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true;
  const [code, cause] = [codeOf(error), error instanceof Error ? error.cause : undefined];
  return temporaryCodes.has(code) || temporaryCodes.has(codeOf(cause)) || cause instanceof errors.TimeoutError;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
