/** Listen errors, and handlers that throw. */
import { test } from 'tap';
import { exitCodeOf } from '../../../src/errors.ts';
import { guarded, listenError } from '../../../src/server/uws.ts';
import { KeptLog } from '../../support/started-pool.ts';

for (const [code, exitCode, words] of [
  ['EADDRINUSE', 1, 'port already in use'],
  ['EADDRNOTAVAIL', 1, 'this machine has no such address, or not yet'],
  ['EAI_AGAIN', 1, 'temporary DNS failure'],
  ['EMFILE', 1, 'the process has no file descriptor left; raise its limit (ulimit -n)'],
  ['EACCES', 2, 'ports below 1024 need a privilege (CAP_NET_BIND_SERVICE)'],
  ['ENOTFOUND', 2, 'no such host'],
  ['ESOMETHING', 1, 'ESOMETHING'],
] as const) {
  test(`${code} has exit code ${exitCode}`, async (t) => {
    const error = listenError('camera.example', 80, Object.assign(new Error('listen'), { code }));
    t.strictSame(error.issues, [`cannot listen on camera.example:80; ${words}`]);
    t.equal(exitCodeOf(error), exitCode);
  });
}

test('an IPv6 address is in brackets', async (t) => {
  t.match(listenError('::1', 80, new Error('listen')).issues, [/^cannot listen on \[::1\]:80; /]);
});

test('a handler that throws is logged, and the next one runs', async (t) => {
  const kept = new KeptLog();
  const done: string[] = [];
  guarded(kept.log, () => {
    throw new Error('inside');
  });
  guarded(kept.log, () => done.push('next'));
  t.same(kept.lines, ['unexpected_error']);
  t.same(done, ['next']);
});
