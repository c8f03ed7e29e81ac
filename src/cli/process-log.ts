/** Opens the log of a command that runs worker threads, and what writes to it. Main thread. */
import type { Config } from '../config.ts';
import { logEvents } from '../observe/event-log.ts';
import type { LineWriter } from '../observe/line-writer.ts';
import type { ProcessLog } from '../observe/log.ts';
import { Observers } from '../observe/observer.ts';
import { openLog } from '../observe/open-log.ts';
import { openStderr } from '../observe/stderr.ts';

export interface OpenedLog {
  readonly log: ProcessLog;
  readonly writer: Pick<LineWriter, 'write'>;
  /** Its events are logged. */
  readonly observer: Observers;
  /** Logs a line about an old name. */
  readonly warnDeprecated: (line: string) => void;
}

export function openProcessLog(config: Config): OpenedLog {
  openStderr();
  const { log, writer } = openLog(config);
  process.once('exit', () => log.flush());
  logRuntimeWarnings(log);
  const observer = new Observers();
  logEvents(observer, log, config);
  const warnDeprecated = (line: string) => log.warn('config_deprecated', {}, line);
  for (const line of config.deprecations) warnDeprecated(line);
  return { log, writer, observer, warnDeprecated };
}

/** Node would print its warnings, such as deprecations, between the lines of the log. Those of workers are `tool_output`. */
function logRuntimeWarnings(log: ProcessLog): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn('runtime_warning', { err: warning }, warning.message));
}
