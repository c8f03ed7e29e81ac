/** Peak memory of this process while a task runs. Linux only; 0 on other systems. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Value that resets the peak resident memory: proc(5). */
const resetPeak = '5';
const bytesPerKilobyte = 1024;

function statusBytes(name: 'VmHWM' | 'VmRSS'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * bytesPerKilobyte;
}

/** @returns the task's value, and the peak increase of resident memory in bytes. */
export async function peakOf<Value>(
  task: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly bytes: number }> {
  if (process.platform !== 'linux') return { value: await task(), bytes: 0 };
  writeFileSync('/proc/self/clear_refs', resetPeak);
  const before = statusBytes('VmRSS');
  const value = await task();
  return { value, bytes: statusBytes('VmHWM') - before };
}
