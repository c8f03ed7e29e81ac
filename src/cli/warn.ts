/** Warnings of the commands, on standard error. */
import { printable } from './printable.ts';

export function warn(line: string): void {
  process.stderr.write(`framegate: ${printable(line)}\n`);
}
