/** Limit of lines per kind and window, independent of other kinds, and the count of omitted lines. */
import { test } from 'tap';
import { LineLimit } from '../../../src/observe/line-limit.ts';

const limits = { maxLines: 3, windowMs: 1000 };

function admitted(limit: LineLimit, kind: string, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => limit.admit(kind, nowMs)).filter(Boolean).length;
}

test('each kind has its own limit', async (t) => {
  const limit = new LineLimit(limits);
  t.equal(admitted(limit, 'a', 5, 0), 3);
  t.equal(admitted(limit, 'b', 2, 0), 2);
  t.equal(admitted(limit, 'b', 2, 999), 1);
});

test('after the window there is room again, and omitted lines are reported once', async (t) => {
  const limit = new LineLimit(limits);
  admitted(limit, 'a', 10, 0);
  admitted(limit, 'b', 3, 0);
  t.strictSame(limit.takeOmitted(999), []);
  t.strictSame(limit.takeOmitted(1000), [{ kind: 'a', lines: 7 }]);
  t.strictSame(limit.takeOmitted(5000), []);
  t.equal(admitted(limit, 'a', 10, 1000), 3);
});

test('the number of kinds is limited too', async (t) => {
  const limit = new LineLimit(limits);
  let lines = 0;
  for (let kind = 0; kind < 10_000; kind++) lines += admitted(limit, `kind ${kind}`, 1, 0);
  t.ok(lines < 300, `${lines} lines`);
});
