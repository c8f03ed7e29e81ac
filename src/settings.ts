/** Every setting: its environment variable, its default, and its limits. Main thread. */
import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { defaultLibrariesFolder } from './gpu/folders.ts';
import { numberIn } from './number-schema.ts';
import { parseNumber } from './number-text.ts';
import { knownProviders } from './providers.ts';
import { shownUrl } from './shown-url.ts';

export const bytesPerMegabyte = 1_048_576;

/** Memory for two frames per worker is allocated up front, so the frame limit itself needs a limit. */
const maxFrameSizeMegabytes = 64;
const maxPort = 65_535;

/** The highest limit for all frames or bodies together. */
const maxBufferMegabytes = 4096;

const msPerSecond = 1000;
/** Up to a week, in seconds. */
const sessionAgeRange = { min: 10, max: 604_800, isWhole: true } as const;

/** For MAX_MEMORY_MB. */
export const minMemoryMegabytes = 64;

/**
 * nginx's default limit for clients (four buffers of 8 KB): what passes a proxy, such as long cookies and single sign-on tokens, should
 * not fail behind it. The default of uWebSockets.js is 4 KB.
 */
const defaultHeaderBytes = 32_768;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** `auto`: readable lines if standard error is a terminal, JSON otherwise. */
const logFormats = ['auto', 'json', 'pretty'] as const;

const poolSides = ['local', 'remote'] as const;

const packagedModelsDir = fileURLToPath(new URL('../native-models', import.meta.url));

export const bytesOf = (megabytes: number) => Math.floor(megabytes * bytesPerMegabyte);

const setting = <Schema extends z.ZodType>(variable: string, schema: Schema) => ({ variable, schema });
const number = (variable: string, fallback: number, min: number, max: number) =>
  setting(variable, numberIn({ min, max }).prefault(String(fallback)));
const integer = (variable: string, fallback: number, min: number, max: number) =>
  setting(variable, numberIn({ min, max, isWhole: true }).prefault(String(fallback)));
const megabytes = (variable: string, fallback: number, min: number) =>
  setting(variable, numberIn({ min, max: maxBufferMegabytes }).transform(bytesOf).prefault(String(fallback)));
/** 0 for no limit. An age below the minimum would be a setting in another unit, or a gateway that keeps no camera. */
const ageSeconds = z.string().transform((text, context) => {
  const seconds = text === '0' ? 0 : parseNumber(text, sessionAgeRange);
  if (typeof seconds === 'number') return seconds * msPerSecond;
  context.addIssue(seconds.replace('must be', 'must be 0 or'));
  return z.NEVER;
});
/** Comma-separated values; empty ones are ignored. */
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const path = z
  .string()
  .transform((text) => resolve(text))
  .optional();
const network = z.string().refine(isNetwork, {
  error: ({ input }) =>
    `invalid network "${input}"; expected an address or network such as 10.0.0.7, 10.0.0.0/8 or fd00::/8`,
});
const origin = z.string().refine(isOrigin, {
  error: ({ input }) => `invalid origin "${input}"; expected one such as https://gate.example.com, or *`,
});
const hostName = z.string().regex(/^[^\s:/?#@]+$/, {
  error: ({ input }) => `invalid host "${input}"; expected a name without scheme and port such as gate.example.com`,
});
/** Plain HTTP would let anyone on the way replace the keys, except on this machine. */
const keyUrl = z.string().refine(isKeyUrl, { error: 'must be an https:// address without a user name' });
const provider = z.enum(knownProviders, {
  error: ({ input }) => `unknown provider "${input}"; expected one of ${knownProviders.join(', ')}`,
});

/** The largest boxes have 16. */
const maxDevices = 64;
const deviceIndex = z
  .string()
  .refine((text) => /^\d{1,2}$/.test(text) && Number(text) < maxDevices, {
    error: ({ input }) => `invalid device "${input}"; expected an index such as 0, below ${maxDevices}`,
  })
  .transform(Number);

/** A password belongs to the first one; the others have the same. */
const brokerUrl = z.string().refine(isBrokerUrl, {
  error: ({ input }) =>
    `invalid address "${shownBrokerUrl(String(input))}"; expected one such as nats://10.0.0.7:4222 or tls://…`,
});
/** A token of a NATS subject. */
const groupName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _');

/** Every setting: its variable, and a schema with its default and limits. Keys carry the units. */
export const settings = {
  host: setting('HOST', z.string().prefault('127.0.0.1')),
  port: integer('PORT', 8000, 0, maxPort),
  /** Without a port, the admin routes are on the main listener. */
  adminHost: setting('ADMIN_HOST', z.string().optional()),
  adminPort: setting('ADMIN_PORT', numberIn({ min: 0, max: maxPort, isWhole: true }).optional()),
  maxFrameMegabytes: number('STREAM_MAX_FRAME_SIZE_MB', 5, 0.001, maxFrameSizeMegabytes),
  /** uWebSockets.js rejects requests whose first line and headers are longer, without JSON. */
  maxHeaderBytes: integer('UWS_HTTP_MAX_HEADERS_SIZE', defaultHeaderBytes, 1024, 1_048_576),
  maxPixels: integer('STREAM_MAX_PIXELS', 16_777_216, 1, 268_435_456),
  dropThreshold: number('STREAM_DROP_THRESHOLD', 0.1, 0, 1),
  slowdownThreshold: number('STREAM_SLOWDOWN_THRESHOLD', 0.3, 0, 1),
  dropWindowMs: integer('STREAM_DROP_WINDOW_MS', 3000, 100, 600_000),
  maxSessions: integer('STREAM_MAX_SESSIONS', 256, 1, 100_000),
  /** Open sessions per address; as many as all together by default. */
  maxSessionsPerAddress: setting(
    'STREAM_MAX_SESSIONS_PER_ADDRESS',
    numberIn({ min: 1, max: 100_000, isWhole: true }).optional(),
  ),
  /** Time until a session's first frame; 0 for no limit. */
  firstFrameTimeoutMs: integer('STREAM_FIRST_FRAME_TIMEOUT_MS', 60_000, 0, 86_400_000),
  /** Time between two frames of a session; 0 for no limit. */
  idleTimeoutMs: integer('STREAM_IDLE_TIMEOUT_MS', 600_000, 0, 86_400_000),
  /** A session that is older is asked to move; 0 for no limit. */
  maxSessionAgeMs: setting('STREAM_MAX_SESSION_AGE_S', ageSeconds.prefault('0')),
  /** Frames per second and address. */
  maxFramesPerSecond: integer('STREAM_MAX_FRAMES_PER_SECOND', 10_000, 10, 10_000_000),
  /** Proxies whose `X-Forwarded-For` is trusted: addresses and networks. */
  trustedProxies: setting('TRUSTED_PROXIES', list.pipe(z.array(network)).prefault('')),
  /** Hashed tokens; with a file, every client needs one. */
  authTokensFile: setting('AUTH_TOKENS_FILE', path),
  /** Keys of JWTs: a JSON Web Key Set, in a file or at an address. */
  jwksFile: setting('AUTH_JWKS_FILE', path),
  jwksUrl: setting('AUTH_JWKS_URL', keyUrl.optional()),
  jwtIssuer: setting('AUTH_JWT_ISSUER', z.string().optional()),
  jwtAudience: setting('AUTH_JWT_AUDIENCE', z.string().optional()),
  /** Pages of other sites that may use the gateway, and names under which it may be addressed. */
  allowedOrigins: setting('ALLOWED_ORIGINS', list.pipe(z.array(origin)).prefault('')),
  allowedHosts: setting('ALLOWED_HOSTS', list.pipe(z.array(hostName)).prefault('')),
  /** Unread replies buffered per session before results are dropped; at twice as much the session ends. */
  sendBufferBytes: setting(
    'STREAM_SEND_BUFFER_KB',
    numberIn({ min: 1, max: 1_048_576, isWhole: true })
      .transform((kilobytes) => kilobytes * 1024)
      .prefault('256'),
  ),
  frameTimeoutMs: integer('STREAM_FRAME_TIMEOUT_MS', 5000, 10, 3_600_000),
  /** Maximum hold of a frame; with 0, frames are never held. */
  maxWaitMs: integer('STREAM_MAX_WAIT_MS', 1000, 0, 60_000),
  /** Total size of all held frames. */
  maxHeldBytes: megabytes('STREAM_MAX_HELD_MB', 64, 0),
  /** Total size of HTTP bodies being received. */
  maxReceivingBytes: megabytes('HTTP_MAX_RECEIVING_MB', 64, 0.001),
  /** Time limit for receiving one HTTP body. */
  bodyTimeoutMs: integer('HTTP_BODY_TIMEOUT_MS', 30_000, 100, 3_600_000),
  /** Resident memory of the process above which connections with incomplete messages are closed. */
  maxMemoryMegabytes: setting(
    'MAX_MEMORY_MB',
    numberIn({ min: minMemoryMegabytes, max: 1_048_576, isWhole: true }).optional(),
  ),
  /** How long a gateway that was asked to stop still accepts clients, for balancers that poll `/readyz`. */
  drainDelayMs: integer('DRAIN_DELAY_MS', 0, 0, 3_600_000),
  /** Time over which a shutdown spreads the moves of its sessions; 0 for all at once. */
  drainSpreadMs: integer('DRAIN_SPREAD_MS', 0, 0, 3_600_000),
  /** How long a shutdown waits for frames in flight and for workers to stop. */
  shutdownGraceMs: integer('SHUTDOWN_GRACE_MS', 10_000, 0, 3_600_000),
  /** With 0, only other hosts run frames. */
  poolWorkers: setting('POOL_WORKERS', numberIn({ min: 0, max: 256, isWhole: true }).optional()),
  /** JavaScript heap per worker thread; a thread that exceeds it is terminated and replaced. */
  maxHeapMegabytes: integer('POOL_HEAP_MB', 512, 64, 65_536),
  /** A thread still running this long after its frame timed out is terminated. */
  maxStuckMs: integer('POOL_STUCK_MS', 10_000, 0, 3_600_000),
  /** The gateway exits after this long without a ready worker; 0 disables it. */
  maxUnreadyMs: integer('POOL_MAX_UNREADY_MS', 60_000, 0, 3_600_000),
  /** Whether frames go to the threads of this process or to other hosts first. */
  poolPrefer: setting('POOL_PREFER', z.enum(poolSides, `must be one of ${poolSides.join(', ')}`).prefault('local')),
  /** Addresses of a NATS broker, through which gateways use other hosts. */
  natsUrls: setting('NATS_URL', list.pipe(z.array(brokerUrl)).prefault('')),
  natsGroup: setting('NATS_GROUP', groupName.prefault('default')),
  natsCredsFile: setting('NATS_CREDS_FILE', path),
  natsNkeyFile: setting('NATS_NKEY_FILE', path),
  natsTlsCaFile: setting('NATS_TLS_CA_FILE', path),
  natsTlsCertFile: setting('NATS_TLS_CERT_FILE', path),
  natsTlsKeyFile: setting('NATS_TLS_KEY_FILE', path),
  /** Total size of all frames that other hosts run. */
  maxRemoteBytes: megabytes('NATS_MAX_IN_FLIGHT_MB', 256, 1),
  /** A host that has said nothing for this long is lost. Hosts report every second. */
  hostLostMs: integer('STREAM_HOST_LOST_MS', 3000, 1500, 60_000),
  /** Name of a worker host in logs and lists; the machine's by default. */
  hostName: setting(
    'HOST_NAME',
    z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ., - or _')
      .optional(),
  ),
  tlsCertFile: setting('TLS_CERT_FILE', path),
  tlsKeyFile: setting('TLS_KEY_FILE', path),
  providers: setting(
    'ORT_PROVIDERS',
    list.pipe(z.array(provider).min(1, `must name at least one of ${knownProviders.join(', ')}`)).prefault('cpu'),
  ),
  /** Devices of the execution providers that number them; empty for the provider's choice. */
  gpuDevices: setting('GPU_DEVICES', list.pipe(z.array(deviceIndex)).prefault('')),
  /** An engine whose run takes longer is replaced. */
  gpuTimeoutMs: setting('GPU_TIMEOUT_MS', numberIn({ min: 100, max: 3_600_000, isWhole: true }).optional()),
  /** Where `framegate gpu install` puts the libraries for CUDA, and every start looks for them. */
  gpuLibrariesDir: setting(
    'GPU_LIBRARIES_DIR',
    z
      .string()
      .transform((path) => resolve(path))
      .prefault(defaultLibrariesFolder()),
  ),
  modelsDir: setting(
    'MODELS_DIR',
    z
      .string()
      .transform((path) => resolve(path))
      .prefault(packagedModelsDir),
  ),
  /** A frame that takes longer from its arrival until its reply is logged; 0 for none. */
  slowFrameMs: integer('LOG_SLOW_FRAME_MS', 2000, 0, 3_600_000),
  logFormat: setting('LOG_FORMAT', z.enum(logFormats, `must be one of ${logFormats.join(', ')}`).prefault('auto')),
  logLevel: setting('LOG_LEVEL', z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).prefault('info')),
};

export type Settings = { readonly [Key in keyof typeof settings]: z.output<(typeof settings)[Key]['schema']> };

function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/');
  const maxPrefix = isIPv4(address) ? 32 : 128;
  return isIP(address) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= maxPrefix;
}

function isOrigin(text: string): boolean {
  return (
    text === '*' ||
    text === 'null' ||
    /^[a-z][a-z\d+.-]*:\/\/(?:\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::\d{1,5})?$/i.test(text)
  );
}

function isBrokerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, username, password } = new URL(text);
  if (!isDecodable(username) || !isDecodable(password)) return false;
  return ['nats:', 'tls:'].includes(protocol) && hostname !== '' && ['', '/'].includes(pathname) && search === '';
}

/** A `%` in a password must be written as `%25`. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Without a password, the user is a token. */
function shownBrokerUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username !== '' && url.password === '') url.username = '***';
  return shownUrl(url);
}

function isKeyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && isLoopback)) && username === '' && password === '';
}
