/** Reads the environment and command-line flags into one frozen Config. The only reader of `process.env`. Main thread. */
import { isIP, isIPv4 } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from './errors.ts';

/** All settings, validated. Names carry their units. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Larger frames are rejected with `frame_too_large`. */
  readonly maxFrameBytes: number;
  /** The same limit as shown to the peer in the error: `5MB`. */
  readonly maxFrameLabel: string;
  /** uWebSockets.js closes the connection above this, without JSON. Far enough above `maxFrameBytes` to leave room for an error message. */
  readonly hardCapBytes: number;
  /** uWebSockets.js rejects requests whose first line and headers are longer, without JSON. */
  readonly maxHeaderBytes: number;
  readonly maxPixels: number;
  readonly dropThreshold: number;
  readonly slowdownThreshold: number;
  readonly dropWindowMs: number;
  readonly maxSessions: number;
  /** Open sessions per address. */
  readonly maxSessionsPerAddress: number;
  /** Time until a session's first frame; 0 for no limit. */
  readonly firstFrameTimeoutMs: number;
  /** Time between two frames of a session; 0 for no limit. */
  readonly idleTimeoutMs: number;
  /** Frames per second and address. */
  readonly maxFramesPerSecond: number;
  /** Proxies whose `X-Forwarded-For` is trusted: addresses and networks. */
  readonly trustedProxies: readonly string[];
  /** Unread replies buffered per session before results are dropped; at twice as much the session ends. */
  readonly sendBufferBytes: number;
  readonly frameTimeoutMs: number;
  /** Maximum hold of a frame; with 0, frames are never held. */
  readonly maxWaitMs: number;
  /** Total size of all held frames. */
  readonly maxHeldBytes: number;
  /** Total size of HTTP bodies being received. */
  readonly maxReceivingBytes: number;
  /** Time limit for receiving one HTTP body. */
  readonly bodyTimeoutMs: number;
  /** Resident memory of the process above which connections with incomplete messages are closed. */
  readonly maxMemoryBytes: number;
  /** How long a shutdown waits for frames in flight and for workers to stop. */
  readonly shutdownGraceMs: number;
  readonly poolWorkers: number;
  /** JavaScript heap per worker thread; a thread that exceeds it is terminated and replaced. */
  readonly maxHeapMegabytes: number;
  /** A thread still running this long after its frame timed out is terminated. */
  readonly maxStuckMs: number;
  /** The gateway exits after this long without a ready worker; 0 disables it. */
  readonly maxUnreadyMs: number;
  readonly providers: readonly string[];
  readonly modelsDir: string;
  readonly logLevel: string;
  /** One line per variable set under its old name. */
  readonly deprecations: readonly string[];
}

const bytesPerMegabyte = 1_048_576;

/** Memory for two frames per worker is allocated up front, so the frame limit itself needs a limit. */
const maxFrameSizeMegabytes = 64;
/**
 * Room above the frame limit in which a peer still gets its error as JSON. uWebSockets.js buffers incomplete messages up to this size,
 * per peer and without reporting it, so the factor is small.
 */
const hardCapFactor = 1.25;
const minHardCapBytes = 65_536;

/** Memory of a gateway with the default pipelines: the event loop with all buffers, plus each worker with its models. */
const loopMegabytes = 1024;
const megabytesPerWorker = 384;
/** The rest is left for the system's own buffers. */
const maxMachineShare = 0.8;
const minMemoryMegabytes = 64;

/**
 * nginx's default limit for clients (four buffers of 8 KB): what passes a proxy, such as long cookies and single sign-on tokens, should
 * not fail behind it. The default of uWebSockets.js is 4 KB.
 */
const defaultHeaderBytes = 32_768;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** ONNX Runtime's execution providers, by their onnxruntime-node names. */
const knownProviders = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu', 'openvino', 'migraphx', 'rocm'];

const packagedModelsDir = fileURLToPath(new URL('../native-models', import.meta.url));

/** On two cores both run pipelines, since the event loop needs only a few percent of one. On more, one core is reserved for the loop. */
function defaultWorkers(cores: number): number {
  return cores <= 2 ? cores : cores - 1;
}

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

/** Collects one line per bad value, so that an operator sees all of them at once. */
class EnvironmentReader {
  readonly issues: string[] = [];
  /** One line per variable set under its old name. */
  readonly deprecations: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string, fallback: string): string {
    const deprecated = this.#deprecatedValueOf(name);
    return this.#valueOf(name) ?? deprecated ?? fallback;
  }

  #valueOf(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === '' ? undefined : value;
  }

  #deprecatedValueOf(name: string): string | undefined {
    const oldName = renamedVariables[name];
    const value = oldName === undefined ? undefined : this.#valueOf(oldName);
    if (value !== undefined) this.deprecations.push(`${oldName} is deprecated; use ${name}`);
    return value;
  }

  oneOf(name: string, fallback: string, allowed: readonly string[]): string {
    const value = this.text(name, fallback);
    if (!allowed.includes(value)) this.issues.push(`${name} must be one of ${allowed.join(', ')}; it is "${value}"`);
    return value;
  }

  /** @returns the fallback for a bad value, so that one mistake does not cause follow-up errors. */
  number(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name, String(fallback));
    const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.issues.push(`${name} must be a number from ${min} to ${max}; it is "${value}"`);
    return fallback;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const number = this.number(name, fallback, min, max);
    if (Number.isInteger(number)) return number;
    this.issues.push(`${name} must be a whole number; it is "${number}"`);
    return fallback;
  }

  /** Comma-separated addresses and networks; empty if not set. */
  networks(name: string): string[] {
    const entries = this.text(name, '').split(',');
    const networks = entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
    for (const network of networks) {
      if (isNetwork(network)) continue;
      this.issues.push(
        `${name}: invalid network "${network}"; expected an address or network such as 10.0.0.7, 10.0.0.0/8 or fd00::/8`,
      );
    }
    return networks;
  }

  providers(name: string, fallback: string, allowed: readonly string[]): string[] {
    const values = this.text(name, fallback)
      .split(',')
      .map((value) => value.trim())
      .filter((value) => value !== '');
    const unknown = values.filter((value) => !allowed.includes(value));
    if (values.length === 0) this.issues.push(`${name} must name at least one of ${allowed.join(', ')}`);
    const expected = `expected one of ${allowed.join(', ')}`;
    for (const value of unknown) this.issues.push(`${name}: unknown provider "${value}"; ${expected}`);
    return values;
  }
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/');
  const maxPrefix = isIPv4(address) ? 32 : 128;
  return isIP(address) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= maxPrefix;
}

/**
 * Reads the configuration.
 * @param env variables as in `process.env`, overridden by command-line flags under the same names.
 * @throws ConfigError with one line per bad value.
 */
export function loadConfig(env: Environment): Config {
  const read = new EnvironmentReader(env);
  const maxFrameMegabytes = read.number('STREAM_MAX_FRAME_SIZE_MB', 5, 0.001, maxFrameSizeMegabytes);
  const maxFrameBytes = Math.floor(maxFrameMegabytes * bytesPerMegabyte);
  const port = read.integer('PORT', 8000, 0, 65_535);
  const poolWorkers = read.integer('POOL_WORKERS', defaultWorkers(availableParallelism()), 1, 256);
  const maxSessions = read.integer('STREAM_MAX_SESSIONS', 256, 1, 100_000);
  const maxMemoryMegabytes = read.integer(
    'MAX_MEMORY_MB',
    defaultMemoryMegabytes(poolWorkers),
    minMemoryMegabytes,
    1_048_576,
  );
  const config: Config = {
    host: read.text('HOST', '127.0.0.1'),
    port,
    maxFrameBytes,
    maxFrameLabel: `${maxFrameMegabytes}MB`,
    hardCapBytes: Math.max(minHardCapBytes, Math.ceil(hardCapFactor * maxFrameBytes)),
    maxHeaderBytes: read.integer('UWS_HTTP_MAX_HEADERS_SIZE', defaultHeaderBytes, 1024, 1_048_576),
    maxPixels: read.integer('STREAM_MAX_PIXELS', 16_777_216, 1, 268_435_456),
    dropThreshold: read.number('STREAM_DROP_THRESHOLD', 0.1, 0, 1),
    slowdownThreshold: read.number('STREAM_SLOWDOWN_THRESHOLD', 0.3, 0, 1),
    dropWindowMs: read.integer('STREAM_DROP_WINDOW_MS', 3000, 100, 600_000),
    maxSessions,
    maxSessionsPerAddress: read.integer('STREAM_MAX_SESSIONS_PER_ADDRESS', maxSessions, 1, 100_000),
    firstFrameTimeoutMs: read.integer('STREAM_FIRST_FRAME_TIMEOUT_MS', 60_000, 0, 86_400_000),
    idleTimeoutMs: read.integer('STREAM_IDLE_TIMEOUT_MS', 600_000, 0, 86_400_000),
    maxFramesPerSecond: read.integer('STREAM_MAX_FRAMES_PER_SECOND', 10_000, 10, 10_000_000),
    trustedProxies: read.networks('TRUSTED_PROXIES'),
    sendBufferBytes: read.integer('STREAM_SEND_BUFFER_KB', 256, 1, 1_048_576) * 1024,
    frameTimeoutMs: read.integer('STREAM_FRAME_TIMEOUT_MS', 5000, 10, 3_600_000),
    maxWaitMs: read.integer('STREAM_MAX_WAIT_MS', 1000, 0, 60_000),
    maxHeldBytes: Math.floor(read.number('STREAM_MAX_HELD_MB', 64, 0, 4096) * bytesPerMegabyte),
    maxReceivingBytes: Math.floor(read.number('HTTP_MAX_RECEIVING_MB', 64, 0.001, 4096) * bytesPerMegabyte),
    bodyTimeoutMs: read.integer('HTTP_BODY_TIMEOUT_MS', 30_000, 100, 3_600_000),
    maxMemoryBytes: maxMemoryMegabytes * bytesPerMegabyte,
    shutdownGraceMs: read.integer('SHUTDOWN_GRACE_MS', 10_000, 0, 3_600_000),
    poolWorkers,
    maxHeapMegabytes: read.integer('POOL_HEAP_MB', 512, 64, 65_536),
    maxStuckMs: read.integer('POOL_STUCK_MS', 10_000, 0, 3_600_000),
    maxUnreadyMs: read.integer('POOL_MAX_UNREADY_MS', 60_000, 0, 3_600_000),
    providers: read.providers('ORT_PROVIDERS', 'cpu', knownProviders),
    modelsDir: resolve(read.text('MODELS_DIR', packagedModelsDir)),
    logLevel: read.oneOf('LOG_LEVEL', 'info', logLevels),
    deprecations: read.deprecations,
  };
  if (read.issues.length === 0 && config.slowdownThreshold < config.dropThreshold) {
    read.issues.push(
      `STREAM_SLOWDOWN_THRESHOLD (${config.slowdownThreshold}) must not be below STREAM_DROP_THRESHOLD (${config.dropThreshold})`,
    );
  }
  if (read.issues.length === 0 && config.maxReceivingBytes < maxFrameBytes) {
    read.issues.push(`HTTP_MAX_RECEIVING_MB must not be below STREAM_MAX_FRAME_SIZE_MB (${maxFrameMegabytes})`);
  }
  if (read.issues.length > 0) throw new ConfigError([...read.deprecations, ...read.issues]);
  return Object.freeze(config);
}

/** The configuration of this process: the environment, overridden by flags. */
export function configOfProcess(flags: Environment = {}): Config {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return loadConfig({ ...process.env, ...given });
}
