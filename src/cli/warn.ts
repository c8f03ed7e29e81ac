/** Prints warnings of the commands to stderr. */
import { printable } from './printable.ts';

export function warn(line: string): void {
  process.stderr.write(`framegate: ${printable(line)}\n`);
}
