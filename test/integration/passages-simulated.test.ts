/**
 * Every car that passes is reported once, in simulated time: the worker is replaced every ten seconds by one that knows nothing, the frames
 * until then are lost, and so is a third of all others. Set `MINUTES` for a long run.
 */
import { test } from 'tap';
import { DagPipelineService } from '../../src/pipeline/dag-pipeline-service.ts';
import { loadPipelines } from '../../src/pipeline/registry.ts';
import { SessionMemory } from '../../src/pool/session-memory.ts';
import { type Crossing, findCarsTool, pairPassages, Street, streetPipeline } from '../support/passing-cars.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { makeModelsDir } from '../support/temp-models.ts';

const minutes = Number(process.env['MINUTES'] ?? 5);
const durationMs = minutes * 60_000;
const seed = Number(process.env['SEED'] ?? 2026);
const frameMs = 100;
const killEveryMs = 10_000;
/** So long after each loss, every frame is lost, too. */
const gapMs = 300;
const dropRate = 0.3;
const maxLateMs = 8000;

test(`each passage is one event, for ${minutes} simulated minutes with lost workers and frames (seed ${seed})`, async (t) => {
  const modelsDir = makeModelsDir(t, { pipelines: [streetPipeline(0)], tools: { find_cars: findCarsTool } });
  const context = { modelsDir, providers: ['cpu'] };
  const pipelines = await loadPipelines(context);
  const newWorker = () => DagPipelineService.create(pipelines, context);
  const random = seededRandom(seed);
  const street = new Street(seed, durationMs);
  const memory = new SessionMemory(0, 0);
  const crossings: Crossing[] = [];
  let [worker, frames, workers] = [await newWorker(), 0, 1];
  for (let nowMs = 0; nowMs < street.endMs + maxLateMs; nowMs += frameMs) {
    const sinceKillMs = nowMs % killEveryMs;
    if (nowMs > 0 && sinceKillMs === 0) {
      await worker.close();
      worker = await newWorker();
      workers += 1;
    }
    if ((workers > 1 && sinceKillMs < gapMs) || random() < dropRate) continue;
    const run = await worker.run('street', street.imageAt(nowMs), memory.momentOf(nowMs));
    memory.processed(nowMs, run.state);
    for (const text of run.events ?? []) crossings.push(JSON.parse(text) as Crossing);
    frames += 1;
  }
  await worker.close();
  const { missing, unexpected } = pairPassages(street.passages, crossings, { startMs: 0, maxLateMs });
  t.comment(`${workers} workers, ${frames} frames, ${street.passages.length} passages, ${crossings.length} events`);
  t.same(missing, [], 'every passage is reported');
  t.same(unexpected, [], 'nothing else is reported');
});
