/** Fuzz targets that do what none may: crash, hang, fail, grow. Run by the campaigns of a test. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random, Target } from '../../bench/fuzz/target.ts';
import type { TargetSpec } from '../../bench/fuzz/targets.ts';

/** Numbers the cases by the order in which a process makes them. */
function numbered(run: (number: number) => Promise<string>): Pick<TargetSpec, 'create'> {
  const create = (): Target => ({
    make: (random: Random) => ({ bytes: Uint8Array.of(Math.floor(random() * 256)), what: 'one byte' }),
    run: ({ bytes }) => run(bytes[0] ?? 0),
  });
  return { create };
}

/** One in sixteen cases is bad, by its byte. */
export function isBad(byte: number): boolean {
  return byte % 16 === 3;
}

const fallback = { batch: 20, step: 5, hangMs: 20_000 };

export const targets: Readonly<Record<string, TargetSpec>> = {
  crashing: {
    ...fallback,
    ...numbered(async (byte) => {
      if (isBad(byte)) process.kill(process.pid, 'SIGSEGV');
      await sleep(isBad(byte) ? 1000 : 0);
      return 'fine';
    }),
  },
  hanging: {
    ...fallback,
    hangMs: 1500,
    ...numbered(async (byte) => {
      while (isBad(byte));
      return 'fine';
    }),
  },
  failing: {
    ...fallback,
    ...numbered(async (byte) => {
      if (isBad(byte)) throw new RangeError('no');
      return byte % 2 === 0 ? 'even' : 'odd';
    }),
  },
};
