/** Limit of lines per event, address, camera and window, and the count of omitted lines. */
import { test } from 'tap';
import { LineLimit, type Peer } from '../../../src/observe/line-limit.ts';

const limits = { maxLines: 10, maxLinesPerAddress: 8, maxLinesPerCamera: 3, maxLinesUnnamed: 5, windowMs: 1000 };

function admitted(limit: LineLimit, event: string, count: number, nowMs: number, peer?: Peer): number {
  return Array.from({ length: count }, () => limit.admit(event, peer, nowMs)).filter(Boolean).length;
}

test('each event has its own limit', async (t) => {
  const limit = new LineLimit(limits);
  t.equal(admitted(limit, 'a', 15, 0), 10);
  t.equal(admitted(limit, 'b', 2, 0), 2);
  t.equal(admitted(limit, 'b', 9, 999), 8);
});

test('after the window there is room again, and omitted lines are reported once', async (t) => {
  const limit = new LineLimit(limits);
  admitted(limit, 'a', 17, 0);
  admitted(limit, 'b', 3, 0);
  t.strictSame(limit.takeOmitted(999), []);
  t.strictSame(limit.takeOmitted(1000), [{ event: 'a', lines: 7, most: undefined }]);
  t.strictSame(limit.takeOmitted(5000), []);
  t.equal(admitted(limit, 'a', 15, 1000), 10);
});

test('a camera that reconnects in a loop does not hide the others, and is named', async (t) => {
  const limit = new LineLimit(limits);
  const loop = { camera: 'loop', address: '192.0.2.1' };
  t.equal(admitted(limit, 'a', 1000, 0, loop), 3);
  for (const camera of ['x', 'y', undefined]) t.equal(admitted(limit, 'a', 1, 0, { camera, address: '192.0.2.1' }), 1);
  t.equal(admitted(limit, 'a', 5, 0, { camera: 'x', address: '192.0.2.2' }), 3);
  t.strictSame(limit.takeOmitted(1000), [{ event: 'a', lines: 999, most: { ...loop, lines: 997 } }]);
});

test('clients without a camera name share a limit per address', async (t) => {
  const limit = new LineLimit(limits);
  t.equal(admitted(limit, 'a', 20, 0, { camera: undefined, address: '192.0.2.1' }), 5);
  t.equal(admitted(limit, 'a', 20, 0, { camera: undefined, address: '192.0.2.2' }), 5);
});

test('an address with ever new cameras leaves room for others', async (t) => {
  const limit = new LineLimit(limits);
  let lines = 0;
  for (let index = 0; index < 1000; index++) {
    lines += admitted(limit, 'a', 1, 0, { camera: `${index}`, address: '192.0.2.1' });
  }
  t.equal(lines, 8);
  t.equal(admitted(limit, 'a', 2, 0, { camera: undefined, address: '192.0.2.2' }), 2);
  t.match(limit.takeOmitted(1000), [{ lines: 992, most: undefined }]);
});
