/** Signals that neither end the process nor open a debugger, and SIGHUP from a closed terminal. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { cliPath } from '../support/cli-path.ts';
import { fixtureModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

/** Ports on which a process listens, from its sockets in /proc. */
function listeningPorts(pid: number): number[] {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state] = row.trim().split(/\s+/);
    return state === '0A' ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
  });
}

const debuggerPort = 9229;

test('SIGUSR1, SIGUSR2 and SIGHUP do not end the process, open no debugger, and are logged', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const before = listeningPorts(gateway.pid).includes(debuggerPort);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) {
    gateway.signal(signal);
    const line = signal === 'SIGHUP' ? '"event":"reload"' : `"event":"signal_ignored","signal":"${signal}"`;
    await eventually(gateway.log, (log) => log.includes(line), `a log line about ${signal}`);
    t.match(await client.sendUntilStarted(frame), { result: { width: 64 } });
  }
  t.equal(listeningPorts(gateway.pid).includes(debuggerPort), before);
  t.notMatch(gateway.log(), /Debugger listening/);
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

test('a debugger opened by an early SIGUSR1 is closed again', async (t) => {
  const opened = `import inspector from 'node:inspector'; inspector.open(0);`;
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(opened)}`, cliPath, 'serve'],
    { env: { PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  await eventually(
    () => text,
    (seen) => seen.includes('"event":"ready"'),
    'a ready gateway',
  );
  const port = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
  t.ok(port, 'it was open');
  await t.rejects(fetch(`http://127.0.0.1:${port}/json`), 'and is closed');
});

test('the start commands block SIGUSR1 from the beginning', async (t) => {
  const root = new URL('../../', import.meta.url);
  t.match(readFileSync(new URL('Makefile', root), 'utf8'), /node --disable-sigusr1 dist\/cli\.js serve/);
  t.match(readFileSync(new URL('package.json', root), 'utf8'), /"start": "node --disable-sigusr1 /);
});

/** Starts a gateway in its own terminal and closes the terminal once it is ready. Prints its pid, and how it ended if it did. */
const inTerminal = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execvp('/bin/sh', ['sh', '-c', 'exec "$0" "$@" ' + sys.argv[1], *sys.argv[2:]])
while not os.path.exists(os.environ['LOG']) or '"event":"ready"' not in open(os.environ['LOG']).read(): time.sleep(0.05)
print(pid, flush=True)
os.close(terminal)
print('ended', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const python = await promisify(execFile)('python3', ['--version']).then(
  () => ({}),
  () => ({ skip: 'python3 is not installed' }),
);

for (const [what, redirections, isEnded] of [
  ['stops a gateway whose terminal has closed', '2> "$LOG"', true],
  ['does not stop a gateway started without a terminal in a session that has one', '0< /dev/null > "$LOG" 2>&1', false],
] as const) {
  test(`SIGHUP ${what}`, python, async (t) => {
    const log = join(t.testdir({}), 'log');
    const child = spawn('python3', ['-c', inTerminal, redirections, process.execPath, cliPath, 'serve'], {
      env: { PATH: process.env['PATH'], LOG: log, PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    await eventually(
      () => text,
      (seen) => seen.includes('\n'),
      'the pid',
    );
    const wanted = isEnded ? '"event":"terminal_closed"' : '"event":"reload"';
    await eventually(
      () => readFileSync(log, 'utf8'),
      (seen) => seen.includes(wanted),
      wanted,
    );
    if (!isEnded) process.kill(Number.parseInt(text, 10), 'SIGTERM');
    await eventually(
      () => text,
      (seen) => seen.includes('ended 0'),
      'a stopped gateway',
    );
  });
}
