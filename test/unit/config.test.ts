/** Every variable has its default and limits, and every bad value is reported in one line. */
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { type Config, configOfProcess, loadConfig } from '../../src/config.ts';
import { usableCores } from '../../src/cpu-quota.ts';
import { issuesOf } from '../support/config-issues.ts';

test('an empty environment yields the defaults', async (t) => {
  const cores = usableCores();
  t.same(loadConfig({}), {
    host: '127.0.0.1',
    port: 8000,
    admin: undefined,
    ...{ gpuDevices: [], cpuWorkers: cores <= 2 ? cores : cores - 1, gpuTimeoutMs: 2000 },
    maxFrameBytes: 5_242_880,
    maxFrameLabel: '5MB',
    hardCapBytes: 6_553_600,
    maxHeaderBytes: 32_768,
    maxPixels: 16_777_216,
    dropThreshold: 0.1,
    slowdownThreshold: 0.3,
    dropWindowMs: 3000,
    maxSessions: 256,
    maxSessionsPerAddress: 256,
    firstFrameTimeoutMs: 60_000,
    idleTimeoutMs: 600_000,
    maxFramesPerSecond: 10_000,
    trustedProxies: [],
    authTokensFile: undefined,
    ...{ jwksFile: undefined, jwksUrl: undefined },
    jwtIssuer: undefined,
    jwtAudience: undefined,
    allowedOrigins: [],
    allowedHosts: [],
    sendBufferBytes: 262_144,
    frameTimeoutMs: 5000,
    maxWaitMs: 1000,
    maxHeldBytes: 67_108_864,
    maxReceivingBytes: 67_108_864,
    bodyTimeoutMs: 30_000,
    maxMemoryBytes: loadConfig({}).maxMemoryBytes,
    drainDelayMs: 0,
    drainSpreadMs: 0,
    maxSessionAgeMs: 0,
    shutdownGraceMs: 10_000,
    maxUnreadyMs: 60_000,
    poolWorkers: cores <= 2 ? cores : cores - 1,
    poolPrefer: 'local',
    broker: undefined,
    maxRemoteBytes: 268_435_456,
    hostLostMs: 3000,
    hostName: undefined,
    maxHeapMegabytes: 512,
    maxStuckMs: 10_000,
    providers: ['cpu'],
    gpuLibrariesDir: fileURLToPath(new URL('../../framegate-gpu', import.meta.url)),
    modelsDir: fileURLToPath(new URL('../../native-models', import.meta.url)),
    slowFrameMs: 2000,
    logFormat: 'auto',
    logLevel: 'info',
    deprecations: [],
  });
});

test('every variable is read', async (t) => {
  const config = loadConfig({
    HOST: '0.0.0.0',
    PORT: '9000',
    ADMIN_HOST: '10.0.0.1',
    ADMIN_PORT: '9001',
    STREAM_MAX_FRAME_SIZE_MB: '8',
    UWS_HTTP_MAX_HEADERS_SIZE: '4096',
    STREAM_MAX_PIXELS: '1000',
    STREAM_DROP_THRESHOLD: '0.2',
    STREAM_SLOWDOWN_THRESHOLD: '0.4',
    STREAM_DROP_WINDOW_MS: '500',
    STREAM_MAX_SESSIONS: '3',
    STREAM_MAX_SESSIONS_PER_ADDRESS: '2',
    STREAM_FIRST_FRAME_TIMEOUT_MS: '1000',
    STREAM_IDLE_TIMEOUT_MS: '0',
    STREAM_MAX_FRAMES_PER_SECOND: '500',
    TRUSTED_PROXIES: '10.0.0.0/8, fd00::1',
    AUTH_TOKENS_FILE: '/etc/framegate/tokens.json',
    AUTH_JWKS_URL: 'https://id.example/keys',
    AUTH_JWT_ISSUER: 'https://id.example',
    AUTH_JWT_AUDIENCE: 'framegate',
    ALLOWED_ORIGINS: 'https://gate.example, *',
    ALLOWED_HOSTS: 'gate',
    HTTP_MAX_RECEIVING_MB: '8.5',
    HTTP_BODY_TIMEOUT_MS: '5000',
    MAX_MEMORY_MB: '512',
    STREAM_SEND_BUFFER_KB: '2',
    STREAM_FRAME_TIMEOUT_MS: '700',
    STREAM_MAX_WAIT_MS: '0',
    STREAM_MAX_HELD_MB: '0.5',
    DRAIN_DELAY_MS: '7',
    DRAIN_SPREAD_MS: '8',
    STREAM_MAX_SESSION_AGE_S: '3600',
    SHUTDOWN_GRACE_MS: '0',
    POOL_WORKERS: '7',
    POOL_PREFER: 'remote',
    NATS_URL: 'nats://gate:p%40ss@10.0.0.7:4222, tls://10.0.0.8',
    NATS_GROUP: 'north',
    NATS_MAX_IN_FLIGHT_MB: '16',
    STREAM_HOST_LOST_MS: '2000',
    HOST_NAME: 'rack-1',
    POOL_HEAP_MB: '100',
    POOL_STUCK_MS: '0',
    ...{ ORT_PROVIDERS: 'cuda, cpu', GPU_DEVICES: '0, 1', GPU_TIMEOUT_MS: '250', GPU_LIBRARIES_DIR: '/gpu/' },
    MODELS_DIR: '/models/../mine',
    LOG_SLOW_FRAME_MS: '0',
    LOG_FORMAT: 'pretty',
    LOG_LEVEL: 'silent',
  });
  t.same(config, {
    host: '0.0.0.0',
    port: 9000,
    admin: { host: '10.0.0.1', port: 9001 },
    ...{ gpuDevices: [0, 1], cpuWorkers: 7, gpuTimeoutMs: 250 },
    maxFrameBytes: 8_388_608,
    maxFrameLabel: '8MB',
    hardCapBytes: 10_485_760,
    maxHeaderBytes: 4096,
    maxPixels: 1000,
    dropThreshold: 0.2,
    slowdownThreshold: 0.4,
    dropWindowMs: 500,
    maxSessions: 3,
    maxSessionsPerAddress: 2,
    firstFrameTimeoutMs: 1000,
    idleTimeoutMs: 0,
    maxFramesPerSecond: 500,
    trustedProxies: ['10.0.0.0/8', 'fd00::1'],
    authTokensFile: '/etc/framegate/tokens.json',
    jwksFile: undefined,
    jwksUrl: 'https://id.example/keys',
    jwtIssuer: 'https://id.example',
    jwtAudience: 'framegate',
    allowedOrigins: ['https://gate.example', '*'],
    allowedHosts: ['gate'],
    sendBufferBytes: 2048,
    frameTimeoutMs: 700,
    maxWaitMs: 0,
    maxHeldBytes: 524_288,
    maxReceivingBytes: 8_912_896,
    bodyTimeoutMs: 5000,
    maxMemoryBytes: 536_870_912,
    drainDelayMs: 7,
    drainSpreadMs: 8,
    maxSessionAgeMs: 3_600_000,
    shutdownGraceMs: 0,
    maxUnreadyMs: 60_000,
    poolWorkers: 7,
    poolPrefer: 'remote',
    broker: {
      servers: ['10.0.0.7:4222', '10.0.0.8'],
      ...{ usesTls: true, user: 'gate', password: 'p@ss', group: 'north' },
      ...{ credsFile: undefined, nkeyFile: undefined },
      ...{ tlsCaFile: undefined, tlsCertFile: undefined, tlsKeyFile: undefined },
    },
    maxRemoteBytes: 16_777_216,
    hostLostMs: 2000,
    hostName: 'rack-1',
    maxHeapMegabytes: 100,
    maxStuckMs: 0,
    providers: ['cuda', 'cpu'],
    gpuLibrariesDir: '/gpu',
    modelsDir: '/mine',
    slowFrameMs: 0,
    logFormat: 'pretty',
    logLevel: 'silent',
    deprecations: [],
  });
});

test('a frame limit may be a fraction of a megabyte, and its label shows it as given', async (t) => {
  const config = loadConfig({ STREAM_MAX_FRAME_SIZE_MB: '0.3' });
  t.equal(config.maxFrameBytes, 314_572);
  t.equal(config.maxFrameLabel, '0.3MB');
  t.equal(config.hardCapBytes, 393_215, 'there is room for an error message');
  t.equal(loadConfig({ STREAM_MAX_FRAME_SIZE_MB: '0.001' }).hardCapBytes, 65_536, 'the minimum applies');
});

test('an empty value counts as unset, and surrounding space is ignored', async (t) => {
  t.equal(loadConfig({ PORT: '' }).port, 8000);
  t.equal(loadConfig({ PORT: '  ' }).port, 8000);
  t.equal(loadConfig({ PORT: ' 80 ' }).port, 80);
});

test('a number is valid from its minimum to its maximum, and not beyond', async (t) => {
  const limits: [name: string, key: keyof Config, lowest: number, highest: number, unit?: number][] = [
    ['PORT', 'port', 0, 65_535],
    ['UWS_HTTP_MAX_HEADERS_SIZE', 'maxHeaderBytes', 1024, 1_048_576],
    ['STREAM_MAX_PIXELS', 'maxPixels', 1, 268_435_456],
    ['STREAM_DROP_WINDOW_MS', 'dropWindowMs', 100, 600_000],
    ['STREAM_MAX_SESSIONS', 'maxSessions', 1, 100_000],
    ['STREAM_SEND_BUFFER_KB', 'sendBufferBytes', 1, 1_048_576, 1024],
    ['STREAM_FRAME_TIMEOUT_MS', 'frameTimeoutMs', 10, 3_600_000],
    ['DRAIN_DELAY_MS', 'drainDelayMs', 0, 3_600_000],
    ['DRAIN_SPREAD_MS', 'drainSpreadMs', 0, 3_600_000],
    ['SHUTDOWN_GRACE_MS', 'shutdownGraceMs', 0, 3_600_000],
    ['POOL_MAX_UNREADY_MS', 'maxUnreadyMs', 0, 3_600_000],
    ['STREAM_MAX_SESSIONS_PER_ADDRESS', 'maxSessionsPerAddress', 1, 100_000],
    ['STREAM_FIRST_FRAME_TIMEOUT_MS', 'firstFrameTimeoutMs', 0, 86_400_000],
    ['STREAM_IDLE_TIMEOUT_MS', 'idleTimeoutMs', 0, 86_400_000],
    ['STREAM_MAX_FRAMES_PER_SECOND', 'maxFramesPerSecond', 10, 10_000_000],
    ['HTTP_BODY_TIMEOUT_MS', 'bodyTimeoutMs', 100, 3_600_000],
    ['MAX_MEMORY_MB', 'maxMemoryBytes', 64, 1_048_576, 1_048_576],
    ['POOL_HEAP_MB', 'maxHeapMegabytes', 64, 65_536],
    ['POOL_STUCK_MS', 'maxStuckMs', 0, 3_600_000],
  ];
  for (const [name, key, lowest, highest, unit = 1] of limits) {
    t.equal(loadConfig({ [name]: String(lowest) })[key], lowest * unit);
    t.equal(loadConfig({ [name]: String(highest) })[key], highest * unit);
    for (const bad of [lowest - 1, highest + 1]) {
      t.same(issuesOf({ [name]: String(bad) }), [
        `${name} must be a number from ${lowest} to ${highest}; it is "${bad}"`,
      ]);
    }
    t.same(issuesOf({ [name]: String(lowest + 0.5) }), [`${name} must be a whole number; it is "${lowest + 0.5}"`]);
  }
});

test('the default memory limit depends on the workers, within the memory of the machine', async (t) => {
  const ceiling = (workers: number) => loadConfig({ POOL_WORKERS: String(workers) }).maxMemoryBytes;
  t.ok(ceiling(1) >= 67_108_864);
  t.ok(ceiling(2) >= ceiling(1));
  t.equal(
    ceiling(256),
    Math.floor((0.8 * Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)) / 1_048_576) *
      1_048_576,
  );
});

test('the receive budget must have room for one whole frame', async (t) => {
  t.same(issuesOf({ HTTP_MAX_RECEIVING_MB: '4' }), [
    'HTTP_MAX_RECEIVING_MB must not be below STREAM_MAX_FRAME_SIZE_MB (5)',
  ]);
});

test('thresholds are fractions, and critical is not below warning', async (t) => {
  t.match(loadConfig({ STREAM_DROP_THRESHOLD: '0.5', STREAM_SLOWDOWN_THRESHOLD: '0.5' }), { slowdownThreshold: 0.5 });
  t.match(loadConfig({ STREAM_DROP_THRESHOLD: '0', STREAM_SLOWDOWN_THRESHOLD: '1' }), { dropThreshold: 0 });
  t.same(issuesOf({ STREAM_DROP_THRESHOLD: '0.5', STREAM_SLOWDOWN_THRESHOLD: '0.4' }), [
    'STREAM_SLOWDOWN_THRESHOLD (0.4) must not be below STREAM_DROP_THRESHOLD (0.5)',
  ]);
  t.same(issuesOf({ STREAM_SLOWDOWN_THRESHOLD: '30' }), [
    'STREAM_SLOWDOWN_THRESHOLD must be a number from 0 to 1; it is "30"',
  ]);
});

test('unknown names in a list are reported one by one, and an empty list too', async (t) => {
  const known = 'cpu, cuda, tensorrt, coreml, dml, webgpu, openvino, migraphx, rocm';
  t.same(issuesOf({ ORT_PROVIDERS: 'cpu,gpu,npu' }), [
    `ORT_PROVIDERS: unknown provider "gpu"; expected one of ${known}`,
    `ORT_PROVIDERS: unknown provider "npu"; expected one of ${known}`,
  ]);
  t.same(issuesOf({ ORT_PROVIDERS: ',' }), [`ORT_PROVIDERS must name at least one of ${known}; it is ","`]);
  t.same(issuesOf({ LOG_LEVEL: 'loud' }), [
    'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent; it is "loud"',
  ]);
});

test('several bad values are reported together, one line each', async (t) => {
  const env = { PORT: 'http', POOL_WORKERS: '-1', LOG_LEVEL: 'loud' };
  t.same(
    issuesOf(env).map((issue) => issue.split(' ')[0]),
    ['PORT', 'POOL_WORKERS', 'LOG_LEVEL'],
  );
  t.throws(() => loadConfig(env), { name: 'ConfigError', message: /^PORT .*\nPOOL_WORKERS .*\nLOG_LEVEL .*$/ });
});

test('the configuration is frozen', async (t) => {
  t.ok(Object.isFrozen(loadConfig({})));
});

test('flags override the environment, except for flags not given', async (t) => {
  const before = process.env['STREAM_MAX_SESSIONS'];
  process.env['STREAM_MAX_SESSIONS'] = '5';
  t.teardown(() => {
    if (before === undefined) delete process.env['STREAM_MAX_SESSIONS'];
    else process.env['STREAM_MAX_SESSIONS'] = before;
  });
  t.equal(configOfProcess({ STREAM_MAX_SESSIONS: undefined }).maxSessions, 5);
  t.equal(configOfProcess({ STREAM_MAX_SESSIONS: '6' }).maxSessions, 6);
});

test('a variable under its deprecated name still works, and is reported with its new name', async (t) => {
  const deprecation = 'STREAM_MAX_UNREAD_KB is deprecated; use STREAM_SEND_BUFFER_KB';
  const { sendBufferBytes, deprecations } = loadConfig({ STREAM_MAX_UNREAD_KB: '3' });
  t.equal(sendBufferBytes, 3 * 1024);
  t.strictSame(deprecations, [deprecation]);
  t.match(loadConfig({ STREAM_MAX_UNREAD_KB: '3', STREAM_SEND_BUFFER_KB: '4' }), {
    sendBufferBytes: 4 * 1024,
    deprecations: [deprecation],
  });
  t.strictSame(loadConfig({}).deprecations, []);
  t.match(issuesOf({ STREAM_MAX_UNREAD_KB: 'x' }), [deprecation, /^STREAM_SEND_BUFFER_KB must be a number/]);
});
