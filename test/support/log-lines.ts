/** Lines of a log, as objects. Tests only. */

/** The lines of one event; text that is not JSON is skipped. */
export function linesOfEvent(log: string, event: string): Record<string, unknown>[] {
  const all = log.split('\n').filter((line) => line.startsWith('{'));
  return all.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event);
}
