/** Reads the environment and command-line flags into one frozen Config. The only reader of `process.env`. Main thread. */
import { totalmem } from 'node:os';
import { type BrokerConfig, brokerConfigOf, brokerIssues } from './broker-config.ts';
import { ConfigError } from './errors.ts';
import { type GpuConfig, gpuConfigOf, gpuIssues } from './gpu-config.ts';
import { bytesOf, bytesPerMegabyte, minMemoryMegabytes, type Settings, settings } from './settings.ts';

/**
 * Room above the frame limit in which a peer still gets its error as JSON. uWebSockets.js buffers incomplete messages up to this size,
 * per peer and without reporting it, so the factor is small.
 */
const hardCapFactor = 1.25;
const minHardCapBytes = 65_536;

const defaultAdminHost = '127.0.0.1';
/** Listening on one of these includes every other address. */
const wildcardHosts: readonly string[] = ['0.0.0.0', '::'];

/** Memory of a gateway with the default pipelines: the event loop with all buffers, plus each worker with its models. */
const loopMegabytes = 1024;
const megabytesPerWorker = 384;
/** The rest is left for the system's own buffers. */
const maxMachineShare = 0.8;

/** Far above normal use, and below what the machine or container has. */
function defaultMemoryMegabytes(workers: number): number {
  const limitBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const machineMegabytes = (limitBytes / bytesPerMegabyte) * maxMachineShare;
  return Math.max(
    minMemoryMegabytes,
    Math.floor(Math.min(machineMegabytes, loopMegabytes + workers * megabytesPerWorker)),
  );
}

/** Current name → deprecated name, which still works. */
export const renamedVariables: Readonly<Record<string, string>> = { STREAM_SEND_BUFFER_KB: 'STREAM_MAX_UNREAD_KB' };

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a server listens. Port 0 is any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Settings of which only what follows from them is in the configuration. */
const folded = [
  ...(['maxFrameMegabytes', 'maxMemoryMegabytes', 'adminHost', 'adminPort', 'tlsCertFile', 'tlsKeyFile'] as const),
  ...(['natsUrls', 'natsGroup', 'natsCredsFile', 'natsNkeyFile'] as const),
  ...(['natsTlsCaFile', 'natsTlsCertFile', 'natsTlsKeyFile'] as const),
  ...(['poolWorkers', 'gpuTimeoutMs'] as const),
];
type Folded = (typeof folded)[number];

function unfolded<All extends Settings>(all: All): Omit<All, Folded> {
  const names: ReadonlySet<string> = new Set(folded);
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.has(name))) as Omit<All, Folded>;
}

/** All settings, validated, and what follows from them. */
export interface Config extends Omit<Settings, Folded>, GpuConfig {
  /** How to reach other hosts; undefined if only this process runs frames. */
  readonly broker: BrokerConfig | undefined;
  /** Certificate and key of the listeners, as absolute paths; undefined for plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** The listener of the admin routes; undefined if they are on the main one. */
  readonly admin: ListenAddress | undefined;
  /** Larger frames are rejected with `frame_too_large`. */
  readonly maxFrameBytes: number;
  /** The same limit as shown to the peer in the error: `5MB`. */
  readonly maxFrameLabel: string;
  /** uWebSockets.js closes the connection above this, without JSON. Far enough above `maxFrameBytes` to leave room for an error message. */
  readonly hardCapBytes: number;
  readonly maxSessionsPerAddress: number;
  /** Resident memory of the process above which connections with incomplete messages are closed. */
  readonly maxMemoryBytes: number;
  /** One line per variable set under its old name. */
  readonly deprecations: readonly string[];
}

/** Whether two listeners cannot exist side by side. Names other than `localhost` are not resolved. */
function overlap(one: ListenAddress, other: ListenAddress): boolean {
  const [a, b] = [one, other].map(({ host }) => (host === 'localhost' ? '127.0.0.1' : host));
  const sharesHost = a === b || [a, b].some((host) => wildcardHosts.includes(host ?? ''));
  return one.port !== 0 && one.port === other.port && sharesHost;
}

/** The value of a variable without surrounding space; an empty one counts as unset. */
function givenValue(env: Environment, variable: string | undefined): string | undefined {
  const value = variable === undefined ? undefined : env[variable]?.trim();
  return value === '' ? undefined : value;
}

/** Checks every setting by itself. @throws ConfigError with one line per bad value, so that an operator sees all of them at once. */
function readSettings(env: Environment): Settings & Pick<Config, 'deprecations'> {
  const values: Record<string, unknown> = {};
  const deprecations: string[] = [];
  const issues: string[] = [];
  for (const [key, { variable, schema }] of Object.entries(settings)) {
    const oldName = renamedVariables[variable];
    const oldValue = givenValue(env, oldName);
    if (oldValue !== undefined) deprecations.push(`${oldName} is deprecated; use ${variable}`);
    const text = givenValue(env, variable) ?? oldValue;
    const { data, error } = schema.safeParse(text);
    values[key] = data;
    for (const { message, path } of error?.issues ?? []) {
      issues.push(path.length > 0 ? `${variable}: ${message}` : `${variable} ${message}; it is "${text}"`);
    }
  }
  if (issues.length > 0) throw new ConfigError([...deprecations, ...issues]);
  return { ...(values as Settings), deprecations };
}

/**
 * Reads the configuration.
 * @param env variables as in `process.env`, overridden by command-line flags under the same names.
 * @throws ConfigError with one line per bad value.
 */
export function loadConfig(env: Environment): Config {
  const all = readSettings(env);
  const { maxFrameMegabytes, maxMemoryMegabytes, tlsCertFile, tlsKeyFile, maxSessions, deprecations } = all;
  const maxFrameBytes = bytesOf(maxFrameMegabytes);
  const issues = [
    ...limitIssues(all, maxFrameBytes),
    ...listenerIssues(all),
    ...keyIssues(all),
    ...brokerIssues(all),
    ...gpuIssues(all),
  ];
  if (issues.length > 0) throw new ConfigError([...deprecations, ...issues]);
  const tls =
    tlsCertFile === undefined || tlsKeyFile === undefined ? undefined : { certFile: tlsCertFile, keyFile: tlsKeyFile };
  const broker = brokerConfigOf(all);
  const gpu = gpuConfigOf(all);
  return Object.freeze({
    ...unfolded(all),
    ...{ admin: adminAddressOf(all), tls, broker, ...gpu },
    maxFrameBytes,
    maxFrameLabel: `${maxFrameMegabytes}MB`,
    hardCapBytes: Math.max(minHardCapBytes, Math.ceil(hardCapFactor * maxFrameBytes)),
    maxSessionsPerAddress: all.maxSessionsPerAddress ?? maxSessions,
    maxMemoryBytes:
      (maxMemoryMegabytes ?? defaultMemoryMegabytes(gpu.poolWorkers)) * bytesPerMegabyte +
      (broker === undefined || maxMemoryMegabytes !== undefined ? 0 : all.maxRemoteBytes),
  });
}

function limitIssues(settings: Settings, maxFrameBytes: number): string[] {
  const { dropThreshold, slowdownThreshold, maxReceivingBytes, maxFrameMegabytes } = settings;
  const issues: string[] = [];
  if (slowdownThreshold < dropThreshold) {
    issues.push(
      `STREAM_SLOWDOWN_THRESHOLD (${slowdownThreshold}) must not be below STREAM_DROP_THRESHOLD (${dropThreshold})`,
    );
  }
  if (maxReceivingBytes < maxFrameBytes)
    issues.push(`HTTP_MAX_RECEIVING_MB must not be below STREAM_MAX_FRAME_SIZE_MB (${maxFrameMegabytes})`);
  return issues;
}

function adminAddressOf({ adminHost = defaultAdminHost, adminPort }: Settings): ListenAddress | undefined {
  return adminPort === undefined ? undefined : { host: adminHost, port: adminPort };
}

function listenerIssues(settings: Settings): string[] {
  const { host, port, adminHost, tlsCertFile, tlsKeyFile } = settings;
  const admin = adminAddressOf(settings);
  const issues: string[] = [];
  if (admin === undefined && adminHost !== undefined)
    issues.push('ADMIN_HOST needs ADMIN_PORT; without it, the admin routes are on the main listener');
  if (admin !== undefined && overlap({ host, port }, admin))
    issues.push(`ADMIN_PORT must not be the same as PORT (${port}) on the same host`);
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    issues.push('TLS_CERT_FILE and TLS_KEY_FILE must be set together');
  return issues;
}

function keyIssues({ jwksFile, jwksUrl, jwtIssuer, jwtAudience }: Settings): string[] {
  if (jwksFile !== undefined && jwksUrl !== undefined) return ['AUTH_JWKS_FILE and AUTH_JWKS_URL exclude each other'];
  const hasClaims = jwtIssuer !== undefined || jwtAudience !== undefined;
  if (!hasClaims || jwksFile !== undefined || jwksUrl !== undefined) return [];
  return ['AUTH_JWT_ISSUER and AUTH_JWT_AUDIENCE need AUTH_JWKS_FILE or AUTH_JWKS_URL'];
}

/** The configuration of this process: the environment, overridden by flags. */
export function configOfProcess(flags: Environment = {}): Config {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return loadConfig({ ...process.env, ...given });
}

/** The token that clients on the command line send; undefined if unset. */
export function tokenOfEnvironment(): string | undefined {
  return givenValue(process.env, 'FRAMEGATE_TOKEN');
}

/** Secrets of the targets to which the bridge publishes events. */
export interface PublishSecrets {
  readonly mqttPassword: string | undefined;
  readonly webhookSecret: string | undefined;
}

export function publishSecretsOfEnvironment(): PublishSecrets {
  return {
    mqttPassword: givenValue(process.env, 'FRAMEGATE_MQTT_PASSWORD'),
    webhookSecret: givenValue(process.env, 'FRAMEGATE_WEBHOOK_SECRET'),
  };
}

/** What systemd tells a service about its notifications. */
export interface NotifyEnvironment {
  /** Where it expects them; undefined if it expects none. */
  readonly socket: string | undefined;
  /** The interval of its watchdog; undefined if there is none for this process. */
  readonly watchdogMs: number | undefined;
}

const microsecondsPerMillisecond = 1000;

/** @param pid the process that reads it: `WATCHDOG_PID` may name another one. */
export function notifyEnvironment(env: Environment = process.env, pid: number = process.pid): NotifyEnvironment {
  const watchdogUs = Number(givenValue(env, 'WATCHDOG_USEC') ?? 0);
  const isMeant = (givenValue(env, 'WATCHDOG_PID') ?? String(pid)) === String(pid);
  return {
    socket: givenValue(env, 'NOTIFY_SOCKET'),
    watchdogMs: isMeant && watchdogUs > 0 ? watchdogUs / microsecondsPerMillisecond : undefined,
  };
}
