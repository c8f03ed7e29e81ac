/** What the gateway tells systemd, and when. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Test, test } from 'tap';
import { SystemdNotifier, type SystemdNotifierOptions } from '../../../src/cli/systemd-notify.ts';

// Before a test changes PATH.
const hasPrograms = ['systemd-notify', 'python3'].every((name) => spawnSync(name, ['--version']).status === 0);
const needsPrograms = hasPrograms ? {} : { skip: 'systemd-notify or python3 is missing' };

/** Puts a program `systemd-notify` first on PATH that records its arguments. @returns the calls so far. */
function fakeProgram(t: Test, lines = ''): () => string[] {
  const folder = t.testdir({
    'systemd-notify': `#!/bin/sh\n${lines}\necho "$*" >> "$0.calls"\n`,
    'systemd-notify.calls': '',
  });
  execFileSync('chmod', ['+x', join(folder, 'systemd-notify')]);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  return () => readFileSync(join(folder, 'systemd-notify.calls'), 'utf8').split('\n').slice(0, -1);
}

function notifierOf(t: Test, options: Partial<SystemdNotifierOptions> = {}) {
  const warnings: string[] = [];
  const warn = (reason: string) => void warnings.push(reason);
  const given = { socket: '/run/notify', watchdogMs: undefined, isHealthy: () => true, warn };
  const notifier = new SystemdNotifier({ ...given, ...options });
  t.teardown(() => notifier.stop());
  return { notifier, warnings };
}

test('each state is one message, and messages arrive in their order', async (t) => {
  // A message that takes longer than the one after it.
  const calls = fakeProgram(t, 'case "$1" in RELOADING=1) sleep 0.1;; esac');
  const { notifier, warnings } = notifierOf(t);
  void notifier.ready();
  void notifier.reloading();
  void notifier.ready();
  await notifier.stopping();
  const [first, reloading = '', ...rest] = calls();
  t.equal(first, '--ready');
  t.match(reloading, /^RELOADING=1 MONOTONIC_USEC=\d+$/);
  const monotonicUs = Number(reloading.split('=').at(-1));
  t.ok(Math.abs(monotonicUs - Number(process.hrtime.bigint() / 1000n)) < 60_000_000, 'the monotonic clock');
  t.same(rest, ['--ready', 'STOPPING=1']);
  t.same(warnings, []);
});

test('the watchdog gets pings once the gateway is ready, as long as it can run frames', async (t) => {
  const calls = fakeProgram(t);
  let isHealthy = true;
  const { notifier } = notifierOf(t, { watchdogMs: 3, isHealthy: () => isHealthy });
  // The timer does not keep a process running.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  t.same(calls(), []);
  await notifier.ready();
  while (calls().length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  notifier.stop();
  await notifier.stopping();
  const [first, ...pings] = calls().filter((call) => call !== 'STOPPING=1');
  t.equal(first, '--ready');
  t.same(new Set(pings), new Set(['WATCHDOG=1']));
  const before = calls().length;
  isHealthy = false;
  await notifier.ping();
  t.equal(calls().length, before, 'none without a ready worker');
  isHealthy = true;
  await notifier.ping();
  t.equal(calls().length, before + 1);
});

test('without systemd, it starts no program', async (t) => {
  const calls = fakeProgram(t);
  const { notifier } = notifierOf(t, { socket: undefined, watchdogMs: 1 });
  await notifier.ready();
  await notifier.reloading();
  await notifier.ping();
  await notifier.stopping();
  t.same(calls(), []);
});

test('a program that fails is reported, and the next message is sent all the same', async (t) => {
  const calls = fakeProgram(t, 'case "$1" in --ready) echo "no such socket" >&2; exit 1;; esac');
  const { notifier, warnings } = notifierOf(t);
  await notifier.ready();
  await notifier.stopping();
  t.equal(warnings.length, 1);
  t.match(warnings[0], /^systemd-notify --ready failed: .*no such socket/s);
  t.same(calls(), ['STOPPING=1']);
});

const receiver = `
import os, socket, sys
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(end, 4096, 4)
    # systemd closes the descriptor of a barrier to say that it has read everything before it.
    for descriptor in descriptors: os.close(descriptor)
    print(data.decode().strip().replace('\\n', ' '), flush=True)
`;

test('the real program sends the messages to the socket', needsPrograms, async (t) => {
  // The path of a socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'framegate-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'notify');
  const python = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => python.kill());
  const lines = createInterface(python.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    let line = (await lines.next()).value as string;
    while (line === 'BARRIER=1') line = (await lines.next()).value as string;
    return line;
  };
  t.equal(await next(), 'bound');
  const before = process.env['NOTIFY_SOCKET'];
  process.env['NOTIFY_SOCKET'] = socket;
  t.teardown(() => {
    if (before === undefined) delete process.env['NOTIFY_SOCKET'];
    else process.env['NOTIFY_SOCKET'] = before;
  });
  const { notifier, warnings } = notifierOf(t, { socket });
  await notifier.ready();
  t.match(await next(), /^READY=1/);
  await notifier.ping();
  t.match(await next(), /^WATCHDOG=1/);
  await notifier.reloading();
  t.match(await next(), /^RELOADING=1 MONOTONIC_USEC=\d+/);
  await notifier.stopping();
  t.match(await next(), /^STOPPING=1/);
  t.same(warnings, []);
});
