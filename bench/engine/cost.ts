/** CPU time that the engine adds to a frame: submit, wake-ups, and the way back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient } from '../../src/models/engine/engine-client.ts';
import { Engines } from '../../src/models/engine/engines.ts';
import type { OwnedModel } from '../../src/models/model.ts';
import { median } from '../../src/statistics.ts';
import { silentLog } from '../../test/support/silent-log.ts';
import type { SimulatedModel } from '../../test/support/simulated-device.ts';

/** A device that takes no time: what remains is the engine's own. */
const instant: SimulatedModel = { baseMs: 0, rowMs: 0, type: 'uint8', dims: ['batch', 480, 640, 3] };
const dims = [1, 480, 640, 3];
const size = 480 * 640 * 3;

export interface EngineCost {
  /** Frames under way at once. */
  readonly concurrency: number;
  /** Microseconds of CPU per frame, all threads together; medians over the rounds. */
  readonly withEngineUs: number;
  /** Writing the frame into a buffer of the worker, which happens without an engine, too. */
  readonly writeUs: number;
  readonly rowsPerBatch: number;
}

/** Measures both in turns. */
export async function measureCost(concurrency: number, rounds: number, frames: number): Promise<EngineCost> {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-bench-'));
  const path = join(folder, 'simulated.onnx');
  writeFileSync(path, JSON.stringify(instant));
  const engines = await Engines.start({
    ...{ providers: ['simulated'], devices: [], maxRunMs: 5000, maxHeapMegabytes: 512, log: silentLog },
    refused: ({ reason }) => console.error(reason),
    entryUrl: new URL('../../test/support/simulated-engine.ts', import.meta.url),
  });
  if (engines === undefined) throw new Error('the simulated engine has not started');
  const { links, detach } = engines.attach({ link: () => undefined, lost: () => undefined });
  const client = new EngineClient(links, () => undefined);
  const open = () => client.open({ name: 'simulated', path, overrides: {} });
  const models = await Promise.all(Array.from({ length: concurrency }, open));
  const image = new Uint8Array(size).fill(1);
  for (const model of models) await runFrames(model, image, frames / rounds);
  const before = engines.status()[0];
  const engineUs: number[] = [];
  const writeUs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const each = Math.ceil(frames / rounds / concurrency);
    engineUs.push(
      await cpuPerFrame(each * concurrency, () => Promise.all(models.map((model) => runFrames(model, image, each)))),
    );
    const buffer = new Uint8Array(size);
    writeUs.push(
      await cpuPerFrame(each, async () => {
        for (let frame = 0; frame < each; frame++) buffer.set(image);
      }),
    );
  }
  const after = engines.status()[0];
  for (const model of models) await model.release();
  detach();
  for (const { port } of links) port.close();
  await engines.stop(1000);
  rmSync(folder, { recursive: true });
  const rows = (after?.rows ?? 0) - (before?.rows ?? 0);
  const rowsPerBatch = rows / ((after?.batches ?? 0) - (before?.batches ?? 0));
  return { concurrency, withEngineUs: median(engineUs), writeUs: median(writeUs), rowsPerBatch };
}

async function runFrames(model: OwnedModel, image: Uint8Array, frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    const x = model.allocate('x', dims);
    (x.data as Uint8Array).set(image);
    await model.run({ x });
  }
}

async function cpuPerFrame(frames: number, run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / frames;
}
