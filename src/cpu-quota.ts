/** How many cores this process may use: the CPU mask, and the CPU quota of its control groups. Main thread. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** Where every Linux distribution and container runtime mounts control groups. */
const mountPoint = '/sys/fs/cgroup';

/** @returns the text of a file; undefined if it cannot be read. */
type Read = (path: string) => string | undefined;

/**
 * The cores of the CPU mask, or those that the quota pays for, if that is fewer. A part of a core does not count: one more worker would spend
 * the quota early, and the kernel would then stop all of them until the next period.
 */
export function usableCores(cores: number = availableParallelism(), read: Read = readIfPresent): number {
  return Math.max(1, Math.min(cores, Math.floor(cpuQuota(read))));
}

/** @returns the quota in cores, such as 1.5; infinite without one, and on systems without control groups. */
export function cpuQuota(read: Read): number {
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    // `0::/system.slice/framegate.service` for version 2, `4:cpu,cpuacct:/docker/1f0` for version 1; a path may contain colons.
    const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return groupsOf(path).map((group) => quotaV2(read(`${mountPoint}${group}/cpu.max`)));
    if (!controllers.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].flatMap((folder) =>
      groupsOf(path).map((group) => quotaV1(read, `${mountPoint}/${folder}${group}`)),
    );
  });
  return Math.min(...quotas, Number.POSITIVE_INFINITY);
}

/**
 * A group and all above it, since each of them may have a quota. In a container, the path may be the host's, which does not exist there:
 * the last one, the mount point itself, is then the group of the container.
 */
function groupsOf(path: string): string[] {
  const group = posix.normalize(path);
  return group === '/' ? [''] : [group, ...groupsOf(posix.dirname(group))];
}

/** `cpu.max` holds microseconds of CPU time and the period: `150000 100000`, or `max 100000` without a quota. */
function quotaV2(text = ''): number {
  const [quota, period] = text.trim().split(' ').map(Number);
  return quotaOf(quota, period);
}

/** A quota of -1 means none. */
function quotaV1(read: Read, folder: string): number {
  const [quota, period] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) => Number(read(`${folder}/${name}`)));
  return quotaOf(quota, period);
}

function quotaOf(quota = Number.NaN, period = Number.NaN): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
