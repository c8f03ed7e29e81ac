/** Configuration errors: exit code 2 and one clear line per issue on stderr, nothing else; exit code 1 for temporary failures. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'tap';
import { cliPath } from '../support/cli-path.ts';
import { fixtureModels, runCli, startGateway } from '../support/gateway.ts';

const configExitCode = 2;
const tryAgainExitCode = 1;

/** Runs `serve`, which is expected to fail. @returns the lines written to stderr. */
async function issuesOf(env: Record<string, string>, args: string[] = []): Promise<[code: number | null, string[]]> {
  const base = { PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1', LOG_LEVEL: 'fatal' };
  const { code, stderr } = await runCli(['serve', ...args], { ...base, ...env });
  return [code, stderr.split('\n').filter((line) => line !== '')];
}

/** Bad values are reported together, one line each, in the order of the settings. */
const badValues: [what: string, values: Record<string, string>, issues: RegExp[]][] = [
  [
    'out of range',
    {
      PORT: '65536',
      STREAM_MAX_FRAME_SIZE_MB: '0',
      STREAM_MAX_PIXELS: '0',
      STREAM_DROP_THRESHOLD: '1.1',
      STREAM_MAX_SESSIONS: '0',
      STREAM_FRAME_TIMEOUT_MS: '1',
      POOL_WORKERS: '257',
      ORT_PROVIDERS: ',',
      LOG_LEVEL: 'loud',
    },
    [
      /^framegate: STREAM_MAX_FRAME_SIZE_MB must be a number from .*; it is "0"$/,
      /^framegate: PORT must be a number from 0 to 65535; it is "65536"$/,
      /^framegate: STREAM_MAX_PIXELS must be a number from 1 to .*; it is "0"$/,
      /^framegate: STREAM_DROP_THRESHOLD must be a number from 0 to 1; it is "1\.1"$/,
      /^framegate: STREAM_MAX_SESSIONS must be a number from 1 to .*; it is "0"$/,
      /^framegate: STREAM_FRAME_TIMEOUT_MS must be a number from .*; it is "1"$/,
      /^framegate: POOL_WORKERS must be a number from 0 to 256; it is "257"$/,
      /^framegate: ORT_PROVIDERS must name at least one of cpu, /,
      /^framegate: LOG_LEVEL must be one of .*; it is "loud"$/,
    ],
  ],
  [
    'not numbers',
    {
      PORT: 'http',
      STREAM_MAX_FRAME_SIZE_MB: '5MB',
      STREAM_MAX_PIXELS: '-1',
      STREAM_DROP_THRESHOLD: '10%',
      STREAM_MAX_SESSIONS: '1e3',
      STREAM_FRAME_TIMEOUT_MS: 'NaN',
      POOL_WORKERS: 'Infinity',
      ORT_PROVIDERS: 'cpu,quantum',
    },
    [
      /^framegate: STREAM_MAX_FRAME_SIZE_MB must be .*"5MB"$/,
      /^framegate: PORT must be .*"http"$/,
      /^framegate: STREAM_MAX_PIXELS must be .*"-1"$/,
      /^framegate: STREAM_DROP_THRESHOLD must be .*"10%"$/,
      /^framegate: STREAM_MAX_SESSIONS must be .*"1e3"$/,
      /^framegate: STREAM_FRAME_TIMEOUT_MS must be .*"NaN"$/,
      /^framegate: POOL_WORKERS must be .*"Infinity"$/,
      /^framegate: ORT_PROVIDERS: unknown provider "quantum"; expected one of cpu, .*$/,
    ],
  ],
  ['not whole numbers', { PORT: '80.5' }, [/^framegate: PORT must be a whole number; it is "80\.5"$/]],
  [
    'valid alone but contradictory',
    { STREAM_DROP_THRESHOLD: '0.5', STREAM_SLOWDOWN_THRESHOLD: '0.4' },
    [/^framegate: STREAM_SLOWDOWN_THRESHOLD \(0\.4\) must not be below STREAM_DROP_THRESHOLD \(0\.5\)$/],
  ],
];

for (const [what, values, issues] of badValues) {
  test(`values that are ${what} fail with one line each and exit code 2`, async (t) => {
    const [code, lines] = await issuesOf(values);
    t.equal(code, configExitCode);
    t.equal(lines.length, issues.length, lines.join('\n'));
    for (const issue of issues)
      t.ok(
        lines.some((line) => issue.test(line)),
        String(issue),
      );
  });
}

test('a flag overrides its variable, and is validated the same way', async (t) => {
  const [code, lines] = await issuesOf({ PORT: '0' }, ['--port', 'many']);
  t.equal(code, configExitCode);
  t.strictSame(lines, ['framegate: PORT must be a number from 0 to 65535; it is "many"']);
});

test('an empty variable counts as unset', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_PIXELS: '', ORT_PROVIDERS: ' ', HOST: '' });
  t.teardown(() => gateway.kill());
  t.equal((await fetch(`${gateway.httpUrl}/healthz`)).status, 200);
});

test('a missing models folder is named', async (t) => {
  const [code, lines] = await issuesOf({ MODELS_DIR: '/no/such/folder' });
  t.equal(code, configExitCode);
  t.equal(lines.length, 1);
  t.match(lines[0], /^framegate: .*\/no\/such\/folder/);
});

test('a models folder without pipelines is named', async (t) => {
  const [code, lines] = await issuesOf({ MODELS_DIR: t.testdir({ pipelines: {} }) });
  t.equal(code, configExitCode);
  t.equal(lines.length, 1);
  t.match(lines[0], /^framegate: .*pipelines has no pipeline files/);
});

test('the error of a bad pipeline file names the file, the node and the issue, and the server does not start', async (t) => {
  const nodes = [{ id: 'finder', plugin_id: 'no', tool_id: 'such_tool' }];
  const pipeline = { id: 'bad', name: 'b', description: 'b', nodes, edges: [] };
  const file = { ...pipeline, entry_nodes: ['finder'], output_nodes: ['finder'] };
  const models = t.testdir({ pipelines: { 'bad.json': JSON.stringify(file), 'worse.json': '{' } });
  const [code, lines] = await issuesOf({ MODELS_DIR: models });
  t.equal(code, configExitCode);
  t.ok(
    lines.some((line) => /bad\.json: .*finder.*no\.such_tool/.test(line)),
    lines.join('\n'),
  );
  t.ok(
    lines.some((line) => /worse\.json: /.test(line)),
    lines.join('\n'),
  );
});

test('a port in use by another gateway is refused, and that gateway is not affected', async (t) => {
  const first = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => first.kill());
  const [code, lines] = await issuesOf({ PORT: String(first.port) });
  t.equal(code, tryAgainExitCode);
  t.strictSame(lines, [`framegate: cannot listen on 127.0.0.1:${first.port}; port already in use`]);
  t.equal((await fetch(`${first.httpUrl}/readyz`)).status, 200);
});

test('a port in use by another program is refused', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const [code, lines] = await issuesOf({ PORT: String(port) });
  t.equal(code, tryAgainExitCode);
  t.strictSame(lines, [`framegate: cannot listen on 127.0.0.1:${port}; port already in use`]);
});

test('an address of another machine is refused', async (t) => {
  const [code, lines] = await issuesOf({ HOST: '203.0.113.1' });
  t.equal(code, tryAgainExitCode);
  t.strictSame(lines, ['framegate: cannot listen on 203.0.113.1:0; this machine has no such address, or not yet']);
});

test('too few file descriptors fail with one clear line and the exit code for a retry', async (t) => {
  const limited = ['ulimit -n 25; exec "$@"', 'sh', process.execPath, cliPath, 'serve'];
  const child = spawn('/bin/sh', ['-c', ...limited], {
    env: { PATH: process.env['PATH'], PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1', LOG_LEVEL: 'fatal' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  const [code] = await once(child, 'close');
  t.equal(code, tryAgainExitCode);
  t.match(text, /^framegate: .*EMFILE|^framegate: .*file descriptor/m);
  t.notMatch(text, /^ +at /m, 'no stack trace');
});
