/** How many workers a pipeline may use: by the limits in its file, and beside other pipelines. */
import { test } from 'tap';
import type { Capacity } from '../../../src/pool/executor.ts';
import { PipelineLoad, type PipelineRules } from '../../../src/pool/pipeline-load.ts';

function executor(capacity: number, ...pipelines: string[]): Capacity {
  return { generation: 1, capacity, free: capacity, idleShare: 1, rank: 0, pipelines: new Set(pipelines) };
}

function loadOf(executors: readonly Capacity[], rules: Record<string, PipelineRules> = {}): PipelineLoad {
  return new PipelineLoad(executors, new Map(Object.entries(rules)));
}

/** Sets the service time of a pipeline. */
function learn(load: PipelineLoad, pipelineId: string, serviceMs: number): void {
  load.started(pipelineId);
  load.ended(pipelineId, serviceMs);
}

test('the service time is smoothed; a frame without one does not change it', async (t) => {
  const load = loadOf([executor(2, 'plates')]);
  t.equal(load.serviceMs('plates'), 0);
  learn(load, 'plates', 10);
  t.equal(load.serviceMs('plates'), 10);
  learn(load, 'plates', 20);
  t.equal(load.serviceMs('plates'), 12);
  load.started('plates');
  load.ended('plates', undefined);
  t.equal(load.serviceMs('plates'), 12);
});

test('the capacity is the workers of all executors that can run it', async (t) => {
  const load = loadOf([executor(2, 'plates', 'pages'), executor(3, 'plates')]);
  t.equal(load.capacityFor('plates'), 5);
  t.equal(load.capacityFor('pages'), 2);
  t.equal(load.capacityFor('other'), 0);
});

test('a fast pipeline may use all workers, even beside others', async (t) => {
  const load = loadOf([executor(2, 'plates', 'pages')]);
  learn(load, 'plates', 15);
  load.arrived('pages', 1000);
  load.started('plates');
  t.equal(load.mayStart('plates', 0), true);
});

test('a slow pipeline leaves a worker to another active one, and uses all when alone', async (t) => {
  const load = loadOf([executor(3, 'plates', 'pages')]);
  learn(load, 'pages', 101);
  load.started('pages');
  load.started('pages');
  t.equal(load.mayStart('pages', 0), true, 'no other pipeline has been active');
  load.arrived('plates', 1000);
  t.equal(load.mayStart('pages', 1000), false);
  t.equal(load.mayStart('pages', 1001), true, 'the other one is no longer active');
});

test('frames of a pipeline without a known service time count as slow', async (t) => {
  const load = loadOf([executor(2, 'plates', 'pages')]);
  load.arrived('plates', 1000);
  t.equal(load.mayStart('pages', 0), true);
  load.started('pages');
  t.equal(load.mayStart('pages', 0), false);
});

test('with one worker, a slow pipeline may use it', async (t) => {
  const load = loadOf([executor(1, 'plates', 'pages')]);
  load.arrived('plates', 1000);
  learn(load, 'pages', 3000);
  t.equal(load.mayStart('pages', 0), true);
});

test('a slow pipeline leaves nothing to one that has other workers', async (t) => {
  const load = loadOf([executor(2, 'plates', 'pages'), executor(1, 'plates')]);
  learn(load, 'pages', 3000);
  load.arrived('plates', 1000);
  load.started('pages');
  t.equal(load.mayStart('pages', 0), true);
});

test('a limit of the file applies even when alone', async (t) => {
  const load = loadOf([executor(4, 'pages')], { pages: { maxWorkers: 1 } });
  t.equal(load.mayStart('pages', 0), true);
  load.started('pages');
  t.equal(load.mayStart('pages', 0), false);
  load.ended('pages', 10);
  t.equal(load.mayStart('pages', 0), true);
});

test('a pipeline is sequential if its file says so', async (t) => {
  const load = loadOf([executor(1, 'tracks')], { tracks: { sequential: true }, plates: {} });
  t.equal(load.isSequential('tracks'), true);
  t.equal(load.isSequential('plates'), false);
  t.equal(load.isSequential('other'), false);
});
