/** The files in `deploy`: systemd accepts the units, the gateway notifies it, and the container files fit together. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { eventually } from '../support/vital-signs.ts';

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
const units = globSync('systemd/*.service', { cwd: deploy });

/** systemd's own scale ends at 10. */
const maxGatewayExposure = 2;
const maxCameraExposure = 4;

const runs = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const needsSystemd = runs('systemd-analyze', '--version') ? {} : { skip: 'systemd-analyze is missing' };
const needsCompose = runs('docker-compose', 'version') ? {} : { skip: 'docker-compose is missing' };

for (const unit of units) {
  test(`systemd finds no error in ${unit}, and little exposure`, needsSystemd, async (t) => {
    const text = readFileSync(join(deploy, unit), 'utf8');
    const node = '/opt/framegate/node_modules/.bin/node';
    t.ok(text.includes(node));
    // systemd also checks that the program exists, which it does not on this machine.
    const name = unit.split('/').at(-1) ?? '';
    const folder = t.testdir({ [name]: text.replaceAll(node, process.execPath) });
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, name)], { encoding: 'utf8' });
    const own = stderr.split('\n').filter((line) => line.includes(name));
    t.same({ status, own }, { status: 0, own: [] }, stderr);
    const args = ['security', '--offline=true', '--no-pager', join(deploy, unit)];
    const exposure = /level for \S+: ([\d.]+)/.exec(execFileSync('systemd-analyze', args, { encoding: 'utf8' }))?.[1];
    t.ok(Number(exposure) <= (name.includes('camera') ? maxCameraExposure : maxGatewayExposure), String(exposure));
  });
}

test('the times of the unit fit the defaults of the gateway', async (t) => {
  const { loadConfig } = await import('../../src/config.ts');
  const { drainDelayMs, drainSpreadMs, shutdownGraceMs, maxUnreadyMs } = loadConfig({});
  const unit = readFileSync(join(deploy, 'systemd/framegate.service'), 'utf8');
  const msOf = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(unit)?.[1]) * 1000;
  t.ok(msOf('TimeoutStopSec') > drainDelayMs + drainSpreadMs + shutdownGraceMs);
  t.ok(msOf('WatchdogSec') > maxUnreadyMs);
});

test('a gateway that systemd started reports that it is ready, reloads, and stops', async (t) => {
  const folder = t.testdir({ 'systemd-notify': '#!/bin/sh\necho "$*" >> "$0.calls"\n', 'systemd-notify.calls': '' });
  chmodSync(join(folder, 'systemd-notify'), 0o755);
  const calls = () => readFileSync(join(folder, 'systemd-notify.calls'), 'utf8');
  const gateway = await startGateway({
    PATH: `${folder}${delimiter}${process.env['PATH']}`,
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '300000',
    POOL_WORKERS: '1',
  });
  t.teardown(() => gateway.kill());
  await eventually(calls, (text) => text.includes('WATCHDOG=1'), 'a ping of the watchdog');
  gateway.signal('SIGHUP');
  const reloaded = /RELOADING=1 MONOTONIC_USEC=\d+\n(WATCHDOG=1\n)*--ready/;
  await eventually(calls, (text) => reloaded.test(text), 'the end of a reload');
  t.same(await gateway.stop(), { code: 0, signal: null });
  const states = calls().replaceAll(/ MONOTONIC.*|WATCHDOG=1\n/g, '');
  t.equal(states, '--ready\nRELOADING=1\n--ready\nSTOPPING=1\n');
});

test('docker-compose accepts compose.yml', needsCompose, async (t) => {
  const file = join(deploy, 'docker/compose.yml');
  const { status, stderr } = spawnSync('docker-compose', ['--file', file, 'config', '--quiet'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
});

test('every file that compose.yml mounts exists, and so does every file that the Dockerfile names', async (t) => {
  const folder = join(deploy, 'docker');
  const compose = readFileSync(join(folder, 'compose.yml'), 'utf8');
  const mounted = [...compose.matchAll(/- (\.\.\/[^:]+):/g)].map(([, path = '']) => path);
  t.ok(mounted.length >= 3);
  for (const path of mounted) t.ok(existsSync(join(folder, path)), path);
  const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const [, script = ''] = /"\/opt\/framegate\/(deploy\/[^"]+)"/.exec(dockerfile) ?? [];
  t.ok(existsSync(join(dirname(deploy), script)), script);
});
