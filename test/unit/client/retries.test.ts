/** Whether and when a client connects again: growing delays after failures, none after a move. */
import { test } from 'tap';
import { Retries } from '../../../src/client/retries.ts';

/** Whether a delay is that of the given number of consecutive failures. */
const isBackoff = (ms: number | undefined, attempts: number) =>
  ms !== undefined && ms >= 125 * 2 ** (attempts - 1) && ms <= 250 * 2 ** (attempts - 1);

test('the delay doubles with each failure up to 15 s, and starts over after a result', async (t) => {
  const retries = new Retries(Number.POSITIVE_INFINITY);
  for (let attempt = 1; attempt <= 6; attempt++) t.ok(isBackoff(retries.failed('unreachable'), attempt));
  for (let attempt = 0; attempt < 2000; attempt++) t.ok((retries.failed('unreachable') ?? 1e9) <= 15_000);
  retries.succeeded();
  t.ok(isBackoff(retries.failed('unreachable'), 1));
});

test('a move is no failure: the next attempt comes within 250 ms, at a random moment', async (t) => {
  const retries = new Retries(1);
  const delays = Array.from({ length: 100 }, () => {
    retries.succeeded();
    return retries.moved(1000);
  });
  t.ok(delays.every((ms) => ms !== undefined && ms >= 0 && ms <= 250));
  t.ok(Math.min(...(delays as number[])) < 50 && Math.max(...(delays as number[])) > 200);
  t.ok(new Set(delays).size > 90);
});

test('moves again and again without a result back off from the second one', async (t) => {
  const retries = new Retries(Number.POSITIVE_INFINITY);
  t.ok((retries.moved(5) ?? 1e9) <= 250);
  for (let attempt = 1; attempt <= 5; attempt++) t.ok(isBackoff(retries.moved(5), attempt), `move ${attempt + 1}`);
  retries.succeeded();
  t.ok((retries.moved(5) ?? 1e9) <= 250, 'a result resets it');
});

test('a camera without frames that is moved once an hour does not back off', async (t) => {
  const retries = new Retries(2);
  for (let hour = 0; hour < 10; hour++) t.ok((retries.moved(3_600_000) ?? 1e9) <= 250);
});

test('after a move, failures count from the first one, and moves without a result count towards the maximum', async (t) => {
  const retries = new Retries(3);
  retries.moved(5);
  t.ok(isBackoff(retries.failed('unreachable'), 1));
  t.ok(isBackoff(retries.moved(5), 2));
  t.equal(retries.moved(5), undefined);
});

test('a fatal code ends it, and another code in between resets its count', async (t) => {
  const retries = new Retries(Number.POSITIVE_INFINITY);
  for (const code of ['invalid_frame', 'invalid_frame'] as const) t.type(retries.failed(code), 'number');
  retries.moved(5);
  for (const code of ['invalid_frame', 'invalid_frame'] as const) t.type(retries.failed(code), 'number');
  t.equal(retries.failed('invalid_frame'), undefined);
});
