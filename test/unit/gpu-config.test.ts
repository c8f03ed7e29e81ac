/** Workers and limits that follow from the settings of accelerators. */
import { test } from 'tap';
import { usableCores } from '../../src/cpu-quota.ts';
import { gpuConfigOf, gpuIssues } from '../../src/gpu-config.ts';

const settings: Parameters<typeof gpuConfigOf>[0] = {
  ...{ poolWorkers: undefined, gpuDevices: [], gpuTimeoutMs: undefined, frameTimeoutMs: 5000 },
  providers: ['cuda', 'cpu'],
};
const cores = usableCores();
const cpuWorkers = cores <= 2 ? cores : cores - 1;

test('an accelerator needs more workers than cores', (t) => {
  t.same(gpuConfigOf(settings), { poolWorkers: Math.max(16, 2 * cores), cpuWorkers, gpuTimeoutMs: 2000 });
  t.same(gpuConfigOf({ ...settings, providers: ['cpu'] }), { poolWorkers: cpuWorkers, cpuWorkers, gpuTimeoutMs: 2000 });
  t.same(
    gpuConfigOf({ ...settings, providers: ['cpu', 'cuda'] }).poolWorkers,
    cpuWorkers,
    'what follows cpu is not used',
  );
  t.end();
});

test('settings come first', (t) => {
  const { poolWorkers, gpuTimeoutMs } = gpuConfigOf({ ...settings, poolWorkers: 3, gpuTimeoutMs: 700 });
  t.same([poolWorkers, gpuTimeoutMs], [3, 700]);
  t.equal(gpuConfigOf({ ...settings, poolWorkers: 0 }).poolWorkers, 0);
  t.end();
});

test('rejects settings that do not fit', (t) => {
  t.same(gpuIssues(settings), []);
  t.match(gpuIssues({ ...settings, gpuTimeoutMs: 5000 }), [/GPU_TIMEOUT_MS \(5000\) must be below/]);
  t.same(gpuIssues({ ...settings, gpuDevices: [0, 1] }), []);
  t.match(gpuIssues({ ...settings, gpuDevices: [0, 0] }), [/twice/]);
  for (const providers of [['webgpu'], ['cpu', 'cuda']] satisfies (typeof settings.providers)[])
    t.match(gpuIssues({ ...settings, providers, gpuDevices: [0] }), [/GPU_DEVICES needs one of cuda/]);
  t.end();
});
