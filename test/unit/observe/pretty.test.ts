/** Lines for a terminal: readable, with values in order, and without control characters of a peer. */
import { stripVTControlCharacters } from 'node:util';
import { test } from 'tap';
import { prettyLine } from '../../../src/observe/pretty.ts';

const time = new Date(2026, 0, 2, 3, 4, 5, 6).toISOString();
const pretty = (fields: object, color = false) =>
  prettyLine(`${JSON.stringify({ level: 30, time, ...fields })}\n`, color);

test('time, level, message, values and event', async (t) => {
  const line = pretty({
    event: 'stream_state',
    camera: 'north gate',
    drop_rate: 0.5,
    stages: { a: 1 },
    msg: 'changed',
  });
  t.equal(line, '03:04:05.006 INFO  changed camera="north gate" drop_rate=0.5 stages={"a":1} event=stream_state\n');
  t.equal(
    stripVTControlCharacters(pretty({ event: 'ready', msg: 'ready' }, true)),
    pretty({ event: 'ready', msg: 'ready' }),
  );
});

test('an error is followed by its stack', async (t) => {
  const line = pretty({
    level: 50,
    event: 'worker_exit',
    err: { message: 'm', stack: 'Error: m\n  at x' },
    msg: 'lost',
  });
  t.equal(line, '03:04:05.006 ERROR lost event=worker_exit\n    Error: m\n      at x\n');
});

test('control characters are escaped everywhere', async (t) => {
  const hostile = '\u001b[2J\u009b31m\u202e\u2028\r\n\u0007';
  const fields = { event: 'x', [`k${hostile}`]: hostile, address: { [hostile]: [hostile] }, msg: hostile };
  const line = pretty({ ...fields, err: { stack: hostile } });
  t.notMatch(line.replaceAll('\n', ''), /[\p{C}\u2028]/u);
  t.match(line, 'k\\u{1b}[2J\\u{9b}31m\\u{202e}');
  t.match(pretty({ camera: '門👨\u200d👩', msg: 'é' }), 'é camera=門👨\u200d👩');
});
