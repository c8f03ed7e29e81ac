/** Environment and flags become one frozen Config. The only reader of `process.env`. Main thread. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.ts';

/** Everything that can be set, checked, in the units that the names say. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** A larger frame is answered `frame_too_large`. */
  readonly maxFrameBytes: number;
  /** The same limit as the peer reads it in the error: `5MB`. */
  readonly maxFrameLabel: string;
  /** uWebSockets.js cuts the connection above this, without JSON; far enough above `maxFrameBytes` to be able to explain. */
  readonly hardCapBytes: number;
  /** A request whose first line and headers are longer is refused by uWebSockets.js, without JSON. */
  readonly maxHeaderBytes: number;
  readonly maxPixels: number;
  readonly dropThreshold: number;
  readonly slowdownThreshold: number;
  readonly dropWindowMs: number;
  readonly maxSessions: number;
  /** Replies that wait unread in the gateway before results are shed; at twice as much the session ends. */
  readonly maxUnreadBytes: number;
  readonly frameTimeoutMs: number;
  /** The longest that a frame is held for a worker; with 0 nothing is ever held. */
  readonly maxWaitMs: number;
  /** Bytes of all frames that are held at once. */
  readonly maxHeldBytes: number;
  /** How long a shutdown waits for frames in flight and for workers to come back. */
  readonly shutdownGraceMs: number;
  readonly poolWorkers: number;
  readonly providers: readonly string[];
  readonly modelsDir: string;
  readonly logLevel: string;
}

const bytesPerMegabyte = 1_048_576;

/** Room for two frames of every worker is set aside up front, so a frame's limit has a limit. */
const largestFrameMegabytes = 64;
/** Room above the frame limit in which a peer still gets its error as JSON. */
const hardCapFactor = 4;
const smallestHardCapBytes = 16 * bytesPerMegabyte;

/**
 * As much as nginx takes from its clients unless told otherwise, four buffers of 8 KB: what a proxy lets through, long cookies and
 * tokens of a single sign-on above all, should not fail behind it. uWebSockets.js by itself stops at 4 KB.
 */
const defaultHeaderBytes = 32_768;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** ONNX Runtime's execution providers by the names that onnxruntime-node takes. */
const knownProviders = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu', 'openvino', 'migraphx', 'rocm'];

const packagedModelsDir = fileURLToPath(new URL('../native-models', import.meta.url));

/**
 * On two cores both run pipelines, since the loop needs only a few per cent of one; on more, one core is the loop's.
 */
function defaultWorkers(cores: number): number {
  return cores <= 2 ? cores : cores - 1;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Collects one line for each bad value, so that an operator sees all of them at once. */
class EnvironmentReader {
  readonly faults: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string, fallback: string): string {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? fallback : value;
  }

  oneOf(name: string, fallback: string, allowed: readonly string[]): string {
    const value = this.text(name, fallback);
    if (!allowed.includes(value)) this.faults.push(`${name} must be one of ${allowed.join(', ')}; it is "${value}"`);
    return value;
  }

  number(name: string, fallback: number, lowest: number, highest: number): number {
    const value = this.text(name, String(fallback));
    const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= lowest && number <= highest)) {
      this.faults.push(`${name} must be a number from ${lowest} to ${highest}; it is "${value}"`);
    }
    return number;
  }

  integer(name: string, fallback: number, lowest: number, highest: number): number {
    const number = this.number(name, fallback, lowest, highest);
    if (number >= lowest && number <= highest && !Number.isInteger(number)) {
      this.faults.push(`${name} must be a whole number; it is "${number}"`);
    }
    return number;
  }

  list(name: string, fallback: string, allowed: readonly string[]): string[] {
    const values = this.text(name, fallback)
      .split(',')
      .map((value) => value.trim())
      .filter((value) => value !== '');
    const unknown = values.filter((value) => !allowed.includes(value));
    if (values.length === 0) this.faults.push(`${name} must name at least one of ${allowed.join(', ')}`);
    for (const value of unknown) this.faults.push(`${name} knows ${allowed.join(', ')}; not "${value}"`);
    return values;
  }
}

/**
 * Reads the configuration.
 * @param env variables as in `process.env`; flags of the command line are laid over it under the same names.
 * @throws SetupError with one line for each bad value.
 */
export function loadConfig(env: Environment): Config {
  const read = new EnvironmentReader(env);
  const maxFrameMegabytes = read.number('STREAM_MAX_FRAME_SIZE_MB', 5, 0.001, largestFrameMegabytes);
  const maxFrameBytes = Math.floor(maxFrameMegabytes * bytesPerMegabyte);
  const config: Config = {
    host: read.text('HOST', '127.0.0.1'),
    port: read.integer('PORT', 8000, 0, 65_535),
    maxFrameBytes,
    maxFrameLabel: `${maxFrameMegabytes}MB`,
    hardCapBytes: Math.max(smallestHardCapBytes, hardCapFactor * maxFrameBytes),
    maxHeaderBytes: read.integer('UWS_HTTP_MAX_HEADERS_SIZE', defaultHeaderBytes, 1024, 1_048_576),
    maxPixels: read.integer('STREAM_MAX_PIXELS', 16_777_216, 1, 268_435_456),
    dropThreshold: read.number('STREAM_DROP_THRESHOLD', 0.1, 0, 1),
    slowdownThreshold: read.number('STREAM_SLOWDOWN_THRESHOLD', 0.3, 0, 1),
    dropWindowMs: read.integer('STREAM_DROP_WINDOW_MS', 3000, 100, 600_000),
    maxSessions: read.integer('STREAM_MAX_SESSIONS', 256, 1, 100_000),
    maxUnreadBytes: read.integer('STREAM_MAX_UNREAD_KB', 256, 1, 1_048_576) * 1024,
    frameTimeoutMs: read.integer('STREAM_FRAME_TIMEOUT_MS', 5000, 10, 3_600_000),
    maxWaitMs: read.integer('STREAM_MAX_WAIT_MS', 1000, 0, 60_000),
    maxHeldBytes: Math.floor(read.number('STREAM_MAX_HELD_MB', 64, 0, 4096) * bytesPerMegabyte),
    shutdownGraceMs: read.integer('SHUTDOWN_GRACE_MS', 10_000, 0, 3_600_000),
    poolWorkers: read.integer('POOL_WORKERS', defaultWorkers(availableParallelism()), 1, 256),
    providers: read.list('ORT_PROVIDERS', 'cpu', knownProviders),
    modelsDir: resolve(read.text('MODELS_DIR', packagedModelsDir)),
    logLevel: read.oneOf('LOG_LEVEL', 'info', logLevels),
  };
  if (read.faults.length === 0 && config.slowdownThreshold < config.dropThreshold) {
    read.faults.push(
      `STREAM_SLOWDOWN_THRESHOLD (${config.slowdownThreshold}) must not be below STREAM_DROP_THRESHOLD (${config.dropThreshold})`,
    );
  }
  if (read.faults.length > 0) throw new SetupError(read.faults);
  return Object.freeze(config);
}

/** The configuration of this process, with flags laid over the environment. */
export function configOfProcess(flags: Environment = {}): Config {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return loadConfig({ ...process.env, ...given });
}
