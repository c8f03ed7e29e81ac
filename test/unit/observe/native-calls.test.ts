/** When a thread may be terminated: not during a native call, and once calls are forbidden none begins. */
import { test } from 'tap';
import {
  inNativeCode,
  inNativeCodeSync,
  isTerminating,
  NativeCalls,
  shareNativeCalls,
} from '../../../src/observe/native-calls.ts';

/** This thread acts as the worker, with separate memory per test. */
function share(): NativeCalls {
  const calls = new NativeCalls();
  shareNativeCalls(calls.memory);
  return calls;
}

test('a thread outside native code may be terminated', async (t) => {
  t.equal(share().forbid(), true);
});

test('a thread in a native call may not be terminated until it has returned', async (t) => {
  const calls = share();
  t.equal(
    inNativeCodeSync(() => calls.forbid()),
    false,
  );
  t.equal(calls.forbid(), true);
});

test('each promise counts until it is settled', async (t) => {
  const calls = share();
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const running = [inNativeCode(() => first.promise), inNativeCode(() => second.promise)];
  first.resolve('first');
  t.equal(await running[0], 'first');
  t.equal(calls.forbid(), false);
  second.reject(new Error('native'));
  await t.rejects(running[1] as Promise<string>, { message: 'native' });
  t.equal(calls.forbid(), true);
});

test('a call that throws is over', async (t) => {
  const calls = share();
  t.throws(
    () =>
      inNativeCodeSync(() => {
        throw new Error('native');
      }),
    { message: 'native' },
  );
  t.equal(calls.forbid(), true);
});

test('once calls are forbidden, none begins', async (t) => {
  const calls = share();
  t.equal(isTerminating(), false);
  calls.forbid();
  t.equal(isTerminating(), true);
  let begun = 0;
  const begin = () => {
    begun += 1;
  };
  t.throws(() => inNativeCodeSync(begin), { message: 'thread is being terminated' });
  await t.rejects(
    inNativeCode(async () => begin()),
    { message: 'thread is being terminated' },
  );
  t.equal(begun, 0);
  t.equal(calls.forbid(), true);
});
