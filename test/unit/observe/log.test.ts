/** The log: JSON lines with level, time and event, limited per event, and the count of omitted lines. */
import { test } from 'tap';
import type { LineLimits } from '../../../src/observe/line-limit.ts';
import { createLog, describeDropped, type LogOptions } from '../../../src/observe/log.ts';

function logTo(options: Partial<LogOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  let flushes = 0;
  const flushed = () => {
    flushes += 1;
  };
  const writer = { write: (line: string) => void lines.push(JSON.parse(line)), flush: flushed, flushSync: flushed };
  return { lines, flushes: () => flushes, log: createLog({ level: 'info', writer, ...options }) };
}

function limitsOf(maxLines: number): LineLimits {
  return {
    maxLines,
    maxLinesPerAddress: maxLines,
    maxLinesPerCamera: maxLines,
    maxLinesUnnamed: maxLines,
    windowMs: 1000,
  };
}

test('a line has level, time, event, fields and message; lower levels are not written', async (t) => {
  const { lines, log } = logTo();
  log.debug('ready', {}, 'nothing');
  log.info('ready', { port: 1, camera: undefined }, 'the message');
  t.match(lines, [{ level: 30, time: /^\d{4}-.*Z$/, event: 'ready', port: 1, msg: 'the message' }]);
  t.notOk('camera' in (lines[0] ?? {}));
});

test('an error is written with its stack', async (t) => {
  const { lines, log } = logTo();
  log.error('unexpected_error', { err: new Error('broken') }, 'handler threw');
  t.match(lines, [{ level: 50, err: { message: 'broken', stack: /^Error: broken\n/ } }]);
});

test('an event logged too often is omitted, others are not, and the number is reported', async (t) => {
  let nowMs = 0;
  const { lines, log } = logTo({ limits: limitsOf(2), now: () => nowMs });
  const peer = { address: '192.0.2.1', camera: 'gate' };
  for (let index = 0; index < 2260; index++) log.info('stream_error', { index, ...peer }, 'session ended');
  log.error('worker_exit', {}, 'worker exited');
  t.strictSame(
    lines.map(({ event }) => event),
    ['stream_error', 'stream_error', 'worker_exit'],
  );
  nowMs = 1000;
  log.info('stream_error', { index: 2260, ...peer }, 'session ended');
  t.match(lines.slice(3), [
    { level: 40, event: 'lines_omitted', omitted_event: 'stream_error', lines: 2258, window_ms: 1000, ...peer },
    { index: 2260, event: 'stream_error' },
  ]);
});

test('fatal lines are always written, and flushed', async (t) => {
  const { lines, flushes, log } = logTo({ limits: limitsOf(1), now: () => 0 });
  for (let index = 0; index < 3; index++) log.fatal('stop_timeout', {}, 'the end');
  t.equal(lines.length, 3);
  t.ok(flushes() >= 3);
});

test('a flush reports the lines omitted so far', async (t) => {
  const { lines, flushes, log } = logTo({ limits: limitsOf(1), now: () => 0 });
  for (let index = 0; index < 3; index++) log.warn('memory_high', {}, 'again');
  log.flush();
  t.match(lines.at(-1), { omitted_event: 'memory_high', lines: 2 });
  t.equal(flushes(), 1);
});

test('dropped lines are reported in a regular log line', async (t) => {
  t.match(JSON.parse(describeDropped(7)), { level: 40, time: /Z$/, event: 'lines_dropped', lines: 7, msg: /dropped/ });
});
