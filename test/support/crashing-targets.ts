/** Fuzz targets that crash, hang or fail, for tests of campaigns. Tests only. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random, Target } from '../../bench/fuzz/target.ts';
import type { TargetSpec } from '../../bench/fuzz/targets.ts';

/** A target whose cases are one random byte. */
function target(run: (byte: number) => Promise<string>): Pick<TargetSpec, 'create'> {
  const create = (): Target => ({
    make: (random: Random) => ({ bytes: Uint8Array.of(Math.floor(random() * 256)), what: 'one byte' }),
    run: ({ bytes }) => run(bytes[0] ?? 0),
  });
  return { create };
}

/** One in sixteen bytes is bad. */
export function isBad(byte: number): boolean {
  return byte % 16 === 3;
}

const fallback = { batch: 20, step: 5, hangMs: 20_000 };

export const targets: Readonly<Record<string, TargetSpec>> = {
  crashing: {
    ...fallback,
    ...target(async (byte) => {
      if (isBad(byte)) process.kill(process.pid, 'SIGSEGV');
      await sleep(isBad(byte) ? 1000 : 0);
      return 'fine';
    }),
  },
  hanging: {
    ...fallback,
    hangMs: 1500,
    ...target(async (byte) => {
      while (isBad(byte));
      return 'fine';
    }),
  },
  failing: {
    ...fallback,
    ...target(async (byte) => {
      if (isBad(byte)) throw new RangeError('no');
      return byte % 2 === 0 ? 'even' : 'odd';
    }),
  },
};
