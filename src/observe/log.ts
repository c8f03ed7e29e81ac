/** The log: one JSON line per event on standard error; standard output is reserved for results. Main thread. */
import pino, { type Logger, levels } from 'pino';
import { defaultLineLimits, LineLimit, type LineLimits } from './line-limit.ts';
import type { LineWriter } from './line-writer.ts';
import { timestamp } from './timestamp.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

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
  const time = timestamp();
  return `${JSON.stringify({ level: levels.values['warn'], time, lines, msg: 'log lines dropped; standard error was not being read' })}\n`;
}

/** The number of lines per message is limited, except for fatal ones. */
export function createLog({
  level,
  writer,
  limits = defaultLineLimits,
  now = () => performance.now(),
}: LogOptions): ProcessLog {
  const limit = new LineLimit(limits);
  let timer: NodeJS.Timeout | undefined;
  const base = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const unlimited = pino({ ...base, level }, writer);
  const logOmitted = (untilMs: number) => {
    for (const { kind, lines } of limit.takeOmitted(untilMs)) {
      unlimited.warn({ kind, lines, windowMs: limits.windowMs }, 'log lines omitted; too many with the same message');
    }
  };
  const scheduleOmittedLog = () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      logOmitted(now());
    }, limits.windowMs).unref();
  };
  const limited = pino(
    {
      ...base,
      level,
      hooks: {
        logMethod(args, method, lineLevel) {
          const nowMs = now();
          const isFatal = lineLevel >= (levels.values['fatal'] ?? 0);
          logOmitted(nowMs);
          if (isFatal || limit.admit(String(args.at(-1)), nowMs)) method.apply(this, args);
          else scheduleOmittedLog();
        },
      },
    },
    writer,
  );
  return Object.assign(limited, {
    flush: () => {
      logOmitted(Number.POSITIVE_INFINITY);
      writer.flush();
    },
  });
}
