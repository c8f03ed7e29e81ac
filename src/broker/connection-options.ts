/** The options of a connection to the broker, and what its errors mean. Main thread. */
import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  errors,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import type { BrokerConfig } from '../broker-config.ts';
import { ConfigError } from '../errors.ts';

/** A broker that does not answer two pings in a row is gone. */
const pingIntervalMs = 2000;
const maxUnansweredPings = 2;
const connectTimeoutMs = 5000;
const reconnectMs = 250;
/** Every gateway and host reconnects when a broker restarts; this spreads them. */
const reconnectJitterMs = 250;

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

/**
 * Files are read again at each connection, so renewed ones are used.
 * @param name of this process in the broker's lists of connections.
 * @throws ConfigError if a file has no usable key.
 */
export function connectionOptions(config: BrokerConfig, name: string): ConnectionOptions {
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

function authenticatorOf({ credsFile, nkeyFile }: BrokerConfig): Authenticator | undefined {
  if (credsFile !== undefined) return renewed(credsFile, credsAuthenticator);
  if (nkeyFile !== undefined)
    return renewed(nkeyFile, (bytes) => nkeyAuthenticator(Buffer.from(Buffer.from(bytes).toString('utf8').trim())));
  return undefined;
}

/** A file that cannot be used at a reconnection, such as one that is just being replaced, leaves the key of the last one. */
function renewed(path: string, authenticatorFor: (bytes: Uint8Array) => Authenticator): Authenticator {
  const read = (): Authenticator => {
    const authenticator = authenticatorFor(readFileSync(path));
    // It fails at its first use if there is no key in the file.
    authenticator('nonce');
    return authenticator;
  };
  let last: Authenticator;
  try {
    last = read();
  } catch (cause) {
    throw new ConfigError([`${path}: ${messageOf(cause)}`], { cause });
  }
  return (nonce) => {
    try {
      last = read();
    } catch {
      // The broker refuses the old key if it is no longer valid, and that is reported.
    }
    return last(nonce);
  };
}

export function isTemporary(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true;
  const [code, cause] = [codeOf(error), error instanceof Error ? error.cause : undefined];
  return temporaryCodes.has(code) || temporaryCodes.has(codeOf(cause)) || cause instanceof errors.TimeoutError;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the broker reports, as one line. A denied permission is the same for all subjects that differ only in their last token. */
export function reasonOf(error: Error): string {
  if (!(error instanceof errors.PermissionViolationError)) return error.message;
  const { operation, subject } = error;
  const verb = operation === 'subscription' ? 'subscribe to' : 'publish to';
  const shown = operation === 'subscription' ? subject : subject.replace(/[^.]+$/, '*');
  return `no permission to ${verb} ${shown}`;
}
