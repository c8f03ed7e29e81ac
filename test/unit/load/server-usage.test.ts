/** The server is found by its port; its CPU and memory are those of its processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Test, test } from 'tap';
import { addressPatterns, findServer, listenersOn, parseStat, sampleUsage } from '../../../src/load/server-usage.ts';

const notLinux = process.platform === 'linux' ? false : 'requires /proc, which only Linux has';

/** A server whose child does the work: it burns CPU for the requested number of milliseconds, then reports. */
const forkingServer = `
  if (process.argv[1] === 'child') {
    process.on('message', (ms) => {
      for (const endMs = performance.now() + ms; performance.now() < endMs; );
      process.send('burned');
    });
  } else {
    const child = require('node:child_process').spawn(process.execPath, ['-e', process.env.SOURCE, 'child'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', () => console.log('burned'));
    process.stdin.on('data', (text) => {
      if (String(text).startsWith('end')) child.kill();
      else child.send(Number(text));
    });
    child.on('exit', () => console.log('ended'));
    process.on('exit', () => child.kill());
    process.on('SIGTERM', () => process.exit());
    require('node:net').createServer().listen(0, process.env.HOST, function () { console.log(this.address().port); });
  }
`;

async function startForking(t: Test, host: string): Promise<{ server: ChildProcess; port: number }> {
  const server = spawn(process.execPath, ['-e', forkingServer], {
    env: { ...process.env, SOURCE: forkingServer, HOST: host },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
  });
  return { server, port: Number(await exchange(server)) };
}

/** Sends a command to the server and returns its reply. */
async function exchange(server: ChildProcess, text?: string): Promise<string> {
  const reply = once(server.stdout as NonNullable<typeof server.stdout>, 'data');
  if (text !== undefined) server.stdin?.write(text);
  return String(await reply).trim();
}

test("a server is found by its port, and its children's usage is included", { skip: notLinux }, async (t) => {
  const { server, port } = await startForking(t, '127.0.0.1');
  const watch = findServer(new URL(`ws://127.0.0.1:${port}/ws/video/stream`));
  if (!watch.found) throw new Error(watch.reason);
  t.strictSame(watch.pids, [server.pid]);
  t.match(watch.command, /^node/);

  const before = sampleUsage(watch.pids);
  t.equal(await exchange(server, '500'), 'burned');
  const after = sampleUsage(watch.pids);
  const usedSeconds = after.cpuSeconds - before.cpuSeconds;
  // On a busy machine half a second of wall time is less CPU time, but never much more.
  t.ok(usedSeconds >= 0.05 && usedSeconds <= 1.5, `${usedSeconds} s`);
  // Two Node processes take tens of megabytes each.
  t.ok(after.rssBytes > 40e6 && after.rssBytes < 1e9, `${after.rssBytes} bytes`);

  t.equal(await exchange(server, 'end'), 'ended');
  const atEnd = sampleUsage(watch.pids);
  t.ok(atEnd.cpuSeconds >= after.cpuSeconds, 'usage of a terminated child is still included');
  t.ok(atEnd.rssBytes < after.rssBytes);
});

test('servers on wildcard and IPv6 addresses are found', { skip: notLinux }, async (t) => {
  for (const [host, ...names] of [
    ['0.0.0.0', '127.0.0.1', 'localhost'],
    ['::', '127.0.0.1', '[::1]', 'localhost'],
    ['::1', '[::1]', 'localhost'],
  ] as const) {
    const server = createServer();
    const listening = once(server, 'listening');
    server.listen(0, host);
    const opened = await listening.then(
      () => true,
      () => false,
    );
    if (!opened) {
      t.comment(`no ${host} on this machine`);
      continue;
    }
    const { port } = server.address() as { port: number };
    for (const name of names) {
      t.match(
        findServer(new URL(`ws://${name}:${port}`)),
        { found: true, pids: [process.pid] },
        `${name} finds ${host}`,
      );
    }
    server.close();
  }
});

test('if the server cannot be measured, the reason is reported', { skip: notLinux }, async (t) => {
  t.strictSame(findServer(new URL('ws://192.0.2.1:8000')), {
    found: false,
    reason: '192.0.2.1 is not a loopback address',
  });
  t.strictSame(findServer(new URL('ws://gate.example')), {
    found: false,
    reason: 'gate.example is not a loopback address',
  });
  t.match(findServer(new URL('ws://127.0.0.1:1')), {
    found: false,
    reason: 'nothing on this machine listens on port 1',
  });
});

const tables = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000 100
   1: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000 100
   2: 0A00000A:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000 100
   3: 0100007F:1F40 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 444 1 0000000000000000 100
   4: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 555 1 0000000000000000 100
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:1F40 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 666 1 0 100
   1: 0000000000000000FFFF00000100007F:1F40 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 777 1 0 100
   2: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 888 1 0 100
`;

test('only sockets that listen on the port at a matching address count', async (t) => {
  const inodes = (host: string) => [...listenersOn(tables, 8000, addressPatterns(host) ?? [])];
  t.strictSame(inodes('127.0.0.1'), ['111', '222', '777', '888']);
  t.strictSame(inodes('[::1]'), ['666', '888']);
  t.strictSame(inodes('localhost'), ['111', '222', '666', '777', '888']);
  t.equal(addressPatterns('10.0.0.10'), undefined);
});

test('a process name with parentheses and spaces is parsed correctly', async (t) => {
  const line = '42 (a) (b 9) S 7 42 42 0 -1 4194304 500 0 0 0 11 22 33 44 20 0 5 0 1000 2000 300';
  t.strictSame(parseStat(line), { parent: 7, ticks: 110 });
});
