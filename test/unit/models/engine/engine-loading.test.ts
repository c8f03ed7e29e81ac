/** Frames go on while a model is being prepared: they wait for one call of the device at most. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { test } from 'tap';
import { Engine } from '../../../../src/models/engine/engine.ts';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import { EngineCounters } from '../../../../src/models/engine/engine-counters.ts';
import { SimulatedDevice, type SimulatedModel, wait } from '../../../support/simulated-device.ts';

test('rows of a loaded model run between the runs that prepare another one', async (t) => {
  const folder = t.testdir();
  const path = (name: string) => join(folder, `${name}.onnx`);
  const model: SimulatedModel = { baseMs: 5, rowMs: 0, type: 'uint8', dims: ['batch', 4] };
  for (const name of ['first', 'second']) writeFileSync(path(name), JSON.stringify(model));
  const device = new SimulatedDevice(wait);
  const counters = new EngineCounters();
  const engine = new Engine({ device, counters, notify: () => undefined });
  const { port1, port2 } = new MessageChannel();
  engine.connect(1, port1);
  const client = new EngineClient([{ engine: 0, owner: 1, port: port2, load: counters.memory }], () => undefined);
  t.teardown(() => port2.close());
  const open = (name: string) => client.open({ name, path: path(name), overrides: {} });
  const first = await open('first');
  const run = (value: number) => first.run({ x: { data: new Uint8Array(4).fill(value), dims: [1, 4] } });
  await run(1);
  const second = await open('second');
  const runsBefore = device.batches.length;
  let isPrepared = false;
  const preparing = second.run({ x: { data: new Uint8Array(4), dims: [1, 4] } }).then(() => {
    isPrepared = true;
  });
  for (let frame = 2; frame < 5; frame++) {
    t.same([...((await run(frame))['y']?.data ?? [])], [frame, 2 * frame]);
    t.notOk(isPrepared, 'the other model is still being prepared');
  }
  await preparing;
  t.ok(device.batches.length > runsBefore + 3 + 8, 'every batch size was tried');
  t.equal(device.overlaps, 0);
});
