/** The log: JSON lines with level and time, limited per message, and the count of omitted lines. */
import { test } from 'tap';
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

test('a line has level, time, fields and message; lower levels are not written', async (t) => {
  const { lines, log } = logTo();
  log.debug('nothing');
  log.info({ port: 1 }, 'ready');
  t.match(lines, [{ level: 30, time: /^\d{4}-.*Z$/, port: 1, msg: 'ready' }]);
});

test('a message logged too often is omitted, others are not, and the number is reported', async (t) => {
  let nowMs = 0;
  const { lines, log } = logTo({ limits: { maxLines: 2, windowMs: 1000 }, now: () => nowMs });
  for (let index = 0; index < 2260; index++) log.info({ index }, 'session ended');
  log.error('worker exited unexpectedly');
  t.strictSame(
    lines.map(({ msg }) => msg),
    ['session ended', 'session ended', 'worker exited unexpectedly'],
  );
  nowMs = 1000;
  log.info({ index: 2260 }, 'session ended');
  t.match(lines.slice(3), [
    { level: 40, kind: 'session ended', lines: 2258, windowMs: 1000 },
    { index: 2260, msg: 'session ended' },
  ]);
});

test('fatal lines are always written, and flushed', async (t) => {
  const { lines, flushes, log } = logTo({ limits: { maxLines: 1, windowMs: 1000 }, now: () => 0 });
  for (let index = 0; index < 3; index++) log.fatal('the end');
  t.equal(lines.length, 3);
  t.ok(flushes() >= 3);
});

test('a flush reports the lines omitted so far', async (t) => {
  const { lines, flushes, log } = logTo({ limits: { maxLines: 1, windowMs: 1000 }, now: () => 0 });
  for (let index = 0; index < 3; index++) log.warn('again');
  log.flush();
  t.match(lines.at(-1), { kind: 'again', lines: 2 });
  t.equal(flushes(), 1);
});

test('dropped lines are reported in a regular log line', async (t) => {
  t.match(JSON.parse(describeDropped(7)), { level: 40, time: /Z$/, lines: 7, msg: /dropped/ });
});
