/** What systemd tells a service in its environment. */
import { test } from 'tap';
import { notifyEnvironment } from '../../src/config.ts';

test('what systemd says about notifications is read', async (t) => {
  const pid = 7;
  t.same(notifyEnvironment({}, pid), { socket: undefined, watchdogMs: undefined });
  const env = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '90000000' };
  t.same(notifyEnvironment(env, pid), { socket: '/run/notify', watchdogMs: 90_000 });
  t.equal(notifyEnvironment({ ...env, WATCHDOG_PID: '7' }, pid).watchdogMs, 90_000);
  t.equal(
    notifyEnvironment({ ...env, WATCHDOG_PID: '8' }, pid).watchdogMs,
    undefined,
    'it is meant for another process',
  );
  for (const WATCHDOG_USEC of ['0', 'x', '-1']) {
    t.equal(notifyEnvironment({ ...env, WATCHDOG_USEC }, pid).watchdogMs, undefined, WATCHDOG_USEC);
  }
});
