/** Opens the gateway's log on standard error, in the format of the configuration. Main thread. */
import type { Config } from '../config.ts';
import { type LineWriter, stderrWriter } from './line-writer.ts';
import { createLog, describeDropped, type ProcessLog } from './log.ts';
import { prettyLine } from './pretty.ts';

/**
 * Standard error must be non-blocking; see `stderr.ts`.
 * @returns the log, and the writer below it for text that is not a line of the log.
 */
export function openLog({ logFormat, logLevel }: Pick<Config, 'logFormat' | 'logLevel'>): {
  log: ProcessLog;
  writer: LineWriter;
} {
  const { stderr } = process;
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && stderr.isTTY);
  // Undefined unless it is a terminal; respects NO_COLOR and TERM=dumb.
  const color = stderr.isTTY && stderr.hasColors();
  const format = isPretty ? (line: string) => prettyLine(line, color) : (line: string) => line;
  const writer = stderrWriter((lines) => format(describeDropped(lines)));
  const log = createLog({
    level: logLevel,
    writer: {
      write: (line) => writer.write(format(line)),
      flush: () => writer.flush(),
      flushSync: () => writer.flushSync(),
    },
  });
  return { log, writer };
}
