/** Measures one flood: alternating windows without and with it, on one gateway. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import type { AttackerSetup, Counts, Flood, FromAttacker } from './flood.ts';
import { type GatewayUnderTest, startGateway } from './gateway.ts';
import { probeOnce, startProbe } from './probe.ts';
import { type FloodReport, hasMemoryRecovered, medianRatio, newLines, type Window, windowOf } from './report.ts';
import type { CamerasSetup, FromCameras } from './working-cameras.ts';

export interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly cameras: number;
  readonly fps: number;
  readonly addresses: number;
  readonly scale: number;
  /** Maximum recovery time of the memory at the end. */
  readonly recoverSeconds: number;
}

const sampleMs = 50;
/** Maximum time for an attacker to stop and report its counts. */
const stopTimeoutMs = 20_000;
/** Maximum recovery time between rounds. */
const pauseSeconds = 5;
const livenessTimeoutMs = 5000;

/** Peak resident memory since the start. */
class PeakMemory {
  bytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(gateway: GatewayUnderTest) {
    this.#timer = setInterval(() => {
      this.bytes = Math.max(this.bytes, gateway.rssBytes());
    }, sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Resources of the gateway without cameras. */
interface ResourceUsage {
  readonly rss: number;
  readonly files: number;
  readonly sessions: number | null;
}

async function resourcesOf(gateway: GatewayUnderTest): Promise<ResourceUsage> {
  const sessions = await gateway.sessions();
  return { rss: gateway.rssBytes(), files: gateway.openFiles(), sessions };
}

/** @throws Error if the gateway does not start. */
export async function measureFlood(flood: Flood, options: Options): Promise<FloodReport> {
  const gateway = await startGateway(flood);
  try {
    return await measureRounds(flood, options, gateway);
  } finally {
    await gateway.stop();
  }
}

async function measureRounds(flood: Flood, options: Options, gateway: GatewayUnderTest): Promise<FloodReport> {
  const without: Window[] = [];
  const with_: Window[] = [];
  const attack: Counts[] = [];
  let before: ResourceUsage | undefined;
  let logBefore = gateway.logLines();
  const lines: Record<string, number> = {};
  let recoverySeconds: number | null = null;
  let peak = 0;
  for (let round = 1; round <= options.rounds && gateway.ended === undefined; round++) {
    without.push(await measureWindow(gateway, flood, options));
    before ??= await resourcesOf(gateway);
    logBefore = gateway.logLines();
    const memory = new PeakMemory(gateway);
    with_.push(await measureWindow(gateway, flood, options, attack));
    const limit = round === options.rounds ? options.recoverSeconds : pauseSeconds;
    recoverySeconds = await recovery(gateway, before, limit);
    memory.stop();
    peak = Math.max(peak, memory.bytes);
    for (const [kind, count] of Object.entries(newLines(logBefore, gateway.logLines()))) {
      lines[kind] = (lines[kind] ?? 0) + count;
    }
  }
  const after = await resourcesOf(gateway);
  return {
    name: flood.name,
    about: flood.about,
    cameras: options.cameras,
    without,
    with: with_,
    p99_ratio: medianRatio(without, with_, ({ p99 }) => p99),
    results_ratio: medianRatio(without, with_, ({ results }) => results),
    rss: { before: before?.rss ?? 0, peak, after: after.rss, back_after_s: recoverySeconds },
    files: { before: before?.files ?? 0, after: after.files },
    sessions: { before: before?.sessions ?? null, after: after.sessions },
    log_lines: lines,
    attack,
    ended: gateway.ended ?? null,
    answers: await probeOnce(gateway, livenessTimeoutMs),
  };
}

/** @param attack receives the attacker's counts; without it, there is no attack. */
async function measureWindow(
  gateway: GatewayUnderTest,
  flood: Flood,
  options: Options,
  attack?: Counts[],
): Promise<Window> {
  const begin = () => (attack === undefined ? undefined : startAttacker(gateway, flood, options));
  const early = flood.beforeCameras === true ? begin() : undefined;
  await early?.next('up');
  const seconds = Math.max(options.seconds, flood.minSeconds ?? 0);
  const { cameras: count, fps } = options;
  const setup: CamerasSetup = { url: gateway.streamUrl, cameras: count, fps, seconds };
  const cameras = startChild<FromCameras>('working-cameras.ts', setup);
  await cameras.next('counting', 'done', 'failed');
  const probe = startProbe(gateway);
  const startMs = performance.now();
  const cpuBefore = gateway.cpuSeconds();
  const attacker = early ?? begin();
  const outcome = await cameras.next('done', 'failed');
  if (outcome.type === 'failed') await sleep(1000 * seconds);
  const cpuPercent = (100_000 * (gateway.cpuSeconds() - cpuBefore)) / (performance.now() - startMs);
  const window = windowOf(outcome.type === 'done' ? outcome : outcome.reason, cpuPercent, await probe.stop());
  if (attacker !== undefined) attack?.push(await stopAttacker(attacker));
  await cameras.kill();
  return window;
}

function startAttacker({ host, port }: GatewayUnderTest, flood: Flood, options: Options): Child<FromAttacker> {
  const { addresses, scale } = options;
  const setup: AttackerSetup = { flood: flood.name, target: { host, port, addresses, scale } };
  return startChild<FromAttacker>('attacker.ts', setup, { isNice: flood.isNice ?? true });
}

async function stopAttacker(attacker: Child<FromAttacker>): Promise<Counts> {
  attacker.send({ type: 'stop' });
  const late = sleep(stopTimeoutMs, { counts: { told_nothing: 1 } }, { ref: false });
  const { counts } = await Promise.race([attacker.next('stopped'), late]);
  await attacker.kill();
  return counts;
}

/** @returns seconds until memory and file handles were back to normal; `null` if not within the limit. */
async function recovery(
  gateway: GatewayUnderTest,
  before: ResourceUsage,
  limitSeconds: number,
): Promise<number | null> {
  const startMs = performance.now();
  for (;;) {
    const seconds = (performance.now() - startMs) / 1000;
    if (gateway.ended !== undefined) return null;
    if (hasMemoryRecovered(before.rss, gateway.rssBytes()) && gateway.openFiles() <= before.files) return seconds;
    if (seconds >= limitSeconds) return null;
    await sleep(sampleMs);
  }
}
