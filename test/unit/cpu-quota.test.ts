/** The CPU quota of control groups, in both versions, as the kernel and container runtimes show it. */
import { test } from 'tap';
import { cpuQuota, usableCores } from '../../src/cpu-quota.ts';

const none = Number.POSITIVE_INFINITY;

/** Reads from these files only. */
const filesOf =
  (files: Record<string, string>) =>
  (path: string): string | undefined =>
    files[path];

const groups: [string, Record<string, string>, number][] = [
  ['no control groups', {}, none],
  ['version 2, without a quota', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, none],
  [
    'version 2, a container with its own namespace',
    { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
    1.5,
  ],
  [
    'version 2, a container that sees the path of the host',
    { '/proc/self/cgroup': '0::/docker/1f0\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
    2,
  ],
  [
    'version 2, a systemd service whose slice has a lower quota',
    {
      '/proc/self/cgroup': '0::/gate.slice/framegate.service\n',
      '/sys/fs/cgroup/gate.slice/framegate.service/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/gate.slice/cpu.max': '25000 50000\n',
    },
    0.5,
  ],
  [
    'version 2, a path with a colon, and a quota of another group',
    {
      '/proc/self/cgroup': '0::/a:b\n',
      '/sys/fs/cgroup/a:b/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/other/cpu.max': '100000 100000\n',
    },
    3,
  ],
  [
    'version 2, a process outside of its namespace',
    { '/proc/self/cgroup': '0::/../other\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
    2,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '5:memory:/docker/1f0\n4:cpu,cpuacct:/docker/1f0\n0::/docker/1f0\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/1f0/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/1f0/cpu.cfs_period_us': '100000\n',
    },
    2.5,
  ],
  [
    'version 1, without a quota',
    {
      '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    none,
  ],
  [
    'version 1, only the folder of one controller exists',
    {
      '/proc/self/cgroup': '4:cpu,cpuacct:/host/path\n3:cpuset:/host/path\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '100000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    1,
  ],
  ['files that are not what they should be', { '/proc/self/cgroup': 'x\n0::/\n', '/sys/fs/cgroup/cpu.max': '' }, none],
];

for (const [name, files, quota] of groups) {
  test(name, async (t) => t.equal(cpuQuota(filesOf(files)), quota));
}

test('whole cores of the mask and the quota count, and at least one', async (t) => {
  const coresWith = (quota: string, cores: number) =>
    usableCores(cores, filesOf({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': `${quota} 100000` }));
  t.equal(coresWith('max', 8), 8);
  t.equal(coresWith('250000', 8), 2);
  t.equal(coresWith('1000000', 8), 8);
  t.equal(coresWith('50000', 8), 1);
  t.ok(usableCores() >= 1, 'this machine');
});
