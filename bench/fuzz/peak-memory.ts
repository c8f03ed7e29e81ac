/** The most memory that this process takes while something runs. Linux; elsewhere it is not known, and 0. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Resets the peak of resident memory: proc(5). */
const resetPeak = '5';
const bytesPerKilobyte = 1024;

function statusBytes(name: 'VmHWM' | 'VmRSS'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * bytesPerKilobyte;
}

/** @returns what the task gave, and the bytes by which resident memory rose above where it began. */
export async function peakOf<Value>(
  task: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly bytes: number }> {
  if (process.platform !== 'linux') return { value: await task(), bytes: 0 };
  writeFileSync('/proc/self/clear_refs', resetPeak);
  const before = statusBytes('VmRSS');
  const value = await task();
  return { value, bytes: statusBytes('VmHWM') - before };
}
