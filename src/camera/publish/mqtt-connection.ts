/**
 * One connection to an MQTT broker, from TCP and TLS to its end. The only importer of `mqtt`. Main thread of the bridge.
 * It is used until it closes; the target opens the next one and sends again what was not acknowledged. The library's own reconnection and
 * store are therefore not used: the events are in one place only.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { MqttClient, ReasonCodes } from 'mqtt';
import { BrokerStream } from './broker-stream.ts';
import { describeNetworkError } from './network-error.ts';
import type { TlsMaterial } from './target.ts';

export interface MqttOptions {
  readonly host: string;
  readonly port: number;
  readonly usesTls: boolean;
  readonly tls: TlsMaterial;
  readonly clientId: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The broker publishes `offline` there when the connection is lost. */
  readonly willTopic: string;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** `closed`: the connection ended before the broker answered. */
export type PublishOutcome = 'acknowledged' | 'closed' | { readonly refused: string };

export interface MqttConnection {
  /** Messages that may be unacknowledged at once. */
  readonly window: number;
  /** Sends with QoS 1. */
  publish(message: MqttMessage, done: (outcome: PublishOutcome) => void): void;
  /** Ends in an orderly way: the broker does not publish the will. */
  end(): void;
}

export interface MqttListeners {
  readonly onOpen: (connection: MqttConnection) => void;
  /**
   * Called once, also if it never opened.
   * `detail`: undefined if the broker closed it without a reason. `isOldBroker`: it speaks MQTT 3.1.1 only.
   */
  readonly onClose: (detail: string | undefined, isOldBroker: boolean) => void;
}

/** MQTT 5 says why a message is refused, and MQTT 3.1.1 does not. */
export type MqttVersion = 4 | 5;

/** @returns a function that ends it at once, without the orderly end: the broker publishes the will. */
export type OpenMqtt = (
  options: MqttOptions,
  version: MqttVersion,
  listeners: MqttListeners,
) => (detail: string) => void;

const connectTimeoutMs = 10_000;
/** A broker that is silent for one and a half times as long is lost; and it takes a silent bridge for lost. */
const keepaliveS = 30;
/** Unacknowledged messages, at most: 160 a second at a round trip of 100 ms. */
const maxUnacknowledged = 16;
/** Beside topic and payload, the largest header of a message. */
const messageHeaderBytes = 16;
/** Reason codes of a broker that does not speak the version: in the forms of MQTT 3.1.1 and 5. */
const wrongVersionCodes: ReadonlySet<number> = new Set([1, 132]);

export const openMqtt: OpenMqtt = (options, version, { onOpen, onClose }) => {
  const socket = openSocket(options);
  let detail: string | undefined;
  let isOldBroker = false;
  const fail = (reason: string) => {
    // The first reason is the cause of the others.
    detail ??= reason;
    socket.destroy();
  };
  socket.setTimeout(connectTimeoutMs, () => fail('connection timed out'));
  socket.on('error', (error) => fail(describeNetworkError(error)));
  socket.once('close', () => onClose(detail, isOldBroker));
  socket.once(options.usesTls ? 'secureConnect' : 'connect', () => {
    // Only now, so that a password is never sent to a broker whose certificate has not been verified.
    socket.setTimeout(0).setNoDelay(true);
    const stream = new BrokerStream(socket, fail);
    const client = new MqttClient(() => stream, clientOptions(options, version));
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'publish' || cmd === 'pingreq') stream.expectAnswer();
    });
    client.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      isOldBroker = version === 5 && typeof code === 'number' && wrongVersionCodes.has(code);
      fail(describeReason(code) ?? describeNetworkError(error));
    });
    client.on('disconnect', ({ reasonCode }) => fail(describeReason(reasonCode) ?? 'the broker ended the connection'));
    client.on('connect', ({ properties }) => onOpen(connectionOf(client, properties ?? {})));
  });
  return fail;
};

function openSocket({ host, port, usesTls, tls }: MqttOptions): Socket {
  if (!usesTls) return connectTcp({ host, port });
  return connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

function clientOptions({ clientId, user, password, willTopic }: MqttOptions, version: MqttVersion) {
  return {
    ...{ clientId, protocolVersion: version, keepalive: keepaliveS, connectTimeout: connectTimeoutMs },
    // A session at the broker would hold nothing: the bridge subscribes to nothing, and keeps its messages itself.
    clean: true,
    reconnectPeriod: 0,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    will: { topic: willTopic, payload: Buffer.from('offline'), qos: 1 as const, retain: true },
    timerVariant: 'native' as const,
    // It would print passwords with `DEBUG=mqttjs*`.
    log: () => undefined,
  };
}

interface BrokerLimits {
  readonly receiveMaximum?: number | undefined;
  readonly maximumPacketSize?: number | undefined;
}

function connectionOf(client: MqttClient, limits: BrokerLimits): MqttConnection {
  const maxBytes = limits.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  return {
    window: Math.max(1, Math.min(maxUnacknowledged, limits.receiveMaximum ?? maxUnacknowledged)),
    publish({ topic, payload, retain }, done) {
      const bytes = Buffer.byteLength(topic) + Buffer.byteLength(payload) + messageHeaderBytes;
      // Never at once: the caller would send the next message from within its own answer, as deep as its buffer is long.
      if (bytes > maxBytes)
        return queueMicrotask(() => done({ refused: `larger than the ${maxBytes} bytes that the broker takes` }));
      client.publish(topic, payload, { qos: 1, retain }, (error) => done(outcomeOf(error)));
    },
    end: () => void client.end(),
  };
}

function outcomeOf(error: unknown): PublishOutcome {
  if (error === undefined || error === null) return 'acknowledged';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const refused = describeReason(code);
  return refused === undefined ? 'closed' : { refused };
}

/** @param code a reason code of MQTT, if it is a number. */
function describeReason(code: unknown): string | undefined {
  if (typeof code !== 'number') return undefined;
  const name = (ReasonCodes as Readonly<Record<number, string>>)[code];
  return name === undefined || name === '' ? `the broker gives the reason ${code}` : `the broker says: ${name}`;
}
