/** WebGPU without a GPU: the software driver that comes with Chromium. Tests only. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { EngineClient } from '../../src/models/engine/engine-client.ts';
import { Engines } from '../../src/models/engine/engines.ts';
import { KeptLog } from './started-pool.ts';

const driverFile = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Variables for a process that uses it; undefined without Chromium. */
export function softwareGpu(): Record<string, string> | undefined {
  if (!existsSync(driverFile)) return undefined;
  return { VK_DRIVER_FILES: driverFile, XDG_RUNTIME_DIR: mkdtempSync(join(tmpdir(), 'framegate-xdg-')) };
}

/** One run of a tiny model takes up to some seconds, the first one most. */
const maxRunMs = 60_000;

export interface WebGpu {
  readonly engines: Engines;
  readonly client: EngineClient;
  readonly log: KeptLog;
}

/** An engine for WebGPU and a client of it, until the test ends. */
export async function startWebGpu(t: Test): Promise<WebGpu> {
  Object.assign(process.env, softwareGpu());
  const log = new KeptLog();
  const engines = await Engines.start({
    ...{ providers: ['webgpu'], devices: [], maxRunMs, maxHeapMegabytes: 512, log: log.log },
    refused: ({ reason }) => t.fail(reason),
  });
  if (engines === undefined) throw new Error('WebGPU cannot be used');
  const { links, detach } = engines.attach({
    link: () => undefined,
    lost: (engine) => t.fail(`engine ${engine} lost`),
  });
  t.teardown(async () => {
    detach();
    for (const { port } of links) port.close();
    await engines.stop(10_000);
  });
  return { engines, client: new EngineClient(links, () => undefined), log };
}
