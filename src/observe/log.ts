/** The log: one JSON line per event on standard error; standard output is reserved for results. Main thread. */
import pino, { levels } from 'pino';
import type { EventName } from './event-names.ts';
import { defaultLineLimits, LineLimit, type LineLimits, type Peer } from './line-limit.ts';
import type { LineWriter } from './line-writer.ts';
import { timestamp } from './timestamp.ts';

/** What a line says apart from its event; undefined values are not written. */
export type LogFields = Readonly<Record<string, unknown>>;

type WriteLine = (event: EventName, fields: LogFields, message: string) => void;
type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** `event` is for programs, the message for people. An `Error` belongs under the key `err`. */
export type Log = Readonly<Record<Level, WriteLine>>;

export interface LogOptions {
  /** pino level: trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  readonly writer: Pick<LineWriter, 'write' | 'flush' | 'flushSync'>;
  readonly limits?: LineLimits;
  /** Monotonic time. */
  readonly now?: () => number;
}

/** The log of a process. Flush it before the process exits. */
export interface ProcessLog extends Log {
  /** Reports omitted lines and writes what is buffered, as far as the reader allows. */
  flush(): void;
}

/** The line that reports dropped lines. Formatted here, since it must not be counted as a log line itself. */
export function describeDropped(lines: number): string {
  const event: EventName = 'lines_dropped';
  const [level, time] = [levels.values['warn'], timestamp()];
  const msg = 'log lines dropped; standard error was not being read';
  return `${JSON.stringify({ level, time, event, lines, msg })}\n`;
}

/** The number of lines per event is limited, except for fatal ones. */
export function createLog({
  level,
  writer,
  limits = defaultLineLimits,
  now = () => performance.now(),
}: LogOptions): ProcessLog {
  const limit = new LineLimit(limits);
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, writer);
  let timer: NodeJS.Timeout | undefined;
  const logOmitted = (untilMs: number) => {
    const event: EventName = 'lines_omitted';
    for (const { event: omitted_event, lines, most } of limit.takeOmitted(untilMs)) {
      const fields = { omitted_event, lines, window_ms: limits.windowMs };
      const peer = most && { camera: most.camera, address: most.address, peer_lines: most.lines };
      logger.warn({ event, ...fields, ...peer }, 'log lines omitted; too many of the same event');
    }
  };
  const scheduleOmittedLog = () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      logOmitted(now());
    }, limits.windowMs).unref();
  };
  const writeAt =
    (lineLevel: Level): WriteLine =>
    (event, fields, message) => {
      if (!logger.isLevelEnabled(lineLevel)) return;
      const nowMs = now();
      logOmitted(nowMs);
      if (lineLevel === 'fatal' || limit.admit(event, peerOf(fields), nowMs)) {
        logger[lineLevel]({ event, ...fields }, message);
      } else scheduleOmittedLog();
    };
  return {
    debug: writeAt('debug'),
    info: writeAt('info'),
    warn: writeAt('warn'),
    error: writeAt('error'),
    fatal: writeAt('fatal'),
    flush: () => {
      logOmitted(Number.POSITIVE_INFINITY);
      writer.flush();
    },
  };
}

function peerOf({ camera, address }: LogFields): Peer | undefined {
  return typeof address === 'string' ? { camera: camera as string | undefined, address } : undefined;
}
