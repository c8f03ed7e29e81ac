/** Frames through a broker against frames over direct connections: the same load, and what each costs the process that sends. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Broker } from '../../src/broker/broker.ts';
import { Subjects } from '../../src/broker/subjects.ts';
import { brokerConfigOf } from '../../src/broker-config.ts';
import { fingerprintsOf } from '../../src/cli/broker-connection.ts';
import type { Log } from '../../src/observe/log.ts';
import { Observers } from '../../src/observe/observer.ts';
import { loadPipelines } from '../../src/pipeline/registry.ts';
import type { Executor } from '../../src/pool/executor.ts';
import { FrameSlots } from '../../src/pool/frame-slots.ts';
import { Hosts } from '../../src/pool/nats-executor/hosts.ts';
import { Pool } from '../../src/pool/pool.ts';
import { median } from '../../src/statistics.ts';
import { DirectExecutor } from './direct-executor.ts';
import { modelsDir, startBroker, startGateway, startHost, stopAll, workersPerHost } from './processes.ts';
import { hostFps, type Row, type Scenario, type ScenarioOptions } from './scenarios.ts';

const pipelineId = 'sleep';
const load = 0.7;
const rounds = 3;
const maxPayloadBytes = 1_048_576;
const slotBytes = 64 * maxPayloadBytes;
const msPerSecond = 1000;
const percentile99 = 0.99;

interface Measured {
  readonly cpuUs: number;
  readonly p50: number;
  readonly p99: number;
  readonly results: number;
}

function silent(): void {
  // The bench prints its own lines.
}
const log: Log = { debug: silent, info: silent, warn: silent, error: silent, fatal: silent };

function poolOf(executors: Executor[], slots: FrameSlots): Pool {
  return new Pool({
    ...{ executors, slots, log, poolWorkers: 0, maxHeldBytes: slotBytes, maxWaitMs: 1000, frameTimeoutMs: 5000 },
    ...{ rules: new Map(), load: silent, canRun: () => true },
  });
}

/** Sends frames at a constant rate, and measures this process. */
async function drive(pool: Pool, frame: Uint8Array, seconds: number): Promise<Measured> {
  const source = { sessionId: 'bench', camera: undefined, pipelineId, address: '127.0.0.1' };
  pool.openSession(source.sessionId, 'requests');
  const intervalMs = msPerSecond / (hostFps * load);
  const latencies: number[] = [];
  const send = (frameIndex: number) => {
    const sentMs = performance.now();
    pool.offer(source.sessionId, { source, frameIndex, bytes: frame }, (outcome) => {
      if (outcome.type === 'result') latencies.push(performance.now() - sentMs);
    });
  };
  const startMs = performance.now();
  const before = process.cpuUsage();
  for (let index = 0; performance.now() - startMs < seconds * msPerSecond; index++) {
    await sleep(Math.max(0, startMs + index * intervalMs - performance.now()));
    send(index);
  }
  const { user, system } = process.cpuUsage(before);
  await pool.drain();
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { cpuUs: (user + system) / sorted.length, p50: at(0.5), p99: at(percentile99), results: sorted.length };
}

async function throughBroker({ frame, seconds }: ScenarioOptions): Promise<Measured> {
  const started = await startBroker();
  await startHost(started, 'host');
  const config = brokerConfigOf({
    ...{ natsUrls: [started.url], natsGroup: 'default', natsCredsFile: undefined, natsNkeyFile: undefined },
    ...{ natsTlsCaFile: undefined, natsTlsCertFile: undefined, natsTlsKeyFile: undefined, poolWorkers: 0 },
  });
  if (config === undefined) throw new Error('no broker');
  const broker = await Broker.connect({ config, name: 'bench', minPayloadBytes: maxPayloadBytes, log });
  const [executors, slots] = [[] as Executor[], new FrameSlots(slotBytes)];
  const pool = poolOf(executors, slots);
  const hosts = new Hosts({
    ...{ channel: broker, subjects: new Subjects('default'), identity: { id: 'bench', name: 'bench', version: '' } },
    ...{ executors, memory: slots.memory, rank: 1, hostLostMs: 5000, log, observer: new Observers() },
    held: () => pool.held,
    countActiveSessions: () => pool.countActiveSessions(),
    capacityChanged: () => pool.capacityChanged(),
  });
  hosts.setPipelines(await fingerprintsOf(await loadPipelines({ modelsDir, providers: ['cpu'] }), modelsDir), 1);
  hosts.start();
  while (pool.capacity === 0) await sleep(10);
  const measured = await drive(pool, readFileSync(frame), seconds);
  hosts.stop();
  await broker.close();
  await stopAll();
  return measured;
}

async function direct({ frame, seconds }: ScenarioOptions): Promise<Measured> {
  const gateway = await startGateway(undefined);
  const slots = new FrameSlots(slotBytes);
  const executor = await DirectExecutor.open(gateway.origin, pipelineId, workersPerHost, slots.memory);
  const pool = poolOf([executor], slots);
  const measured = await drive(pool, readFileSync(frame), seconds);
  await executor.stop();
  await stopAll();
  return measured;
}

/** The same load through a broker and over direct connections, by turns. */
export const transport: Scenario = async (options) => {
  const seen = { broker: [] as Measured[], direct: [] as Measured[] };
  for (let round = 0; round < rounds; round++) {
    seen.direct.push(await direct(options));
    seen.broker.push(await throughBroker(options));
  }
  const row = (what: string, key: keyof Measured, digits: number): Row => {
    const [ours, other] = [median(seen.broker.map((one) => one[key])), median(seen.direct.map((one) => one[key]))];
    const value = `${ours.toFixed(digits)}, ${other.toFixed(digits)}; ratio ${(ours / other).toFixed(2)}`;
    return { what: `${what}: broker, direct; median of ${rounds}`, value, target: '' };
  };
  return [
    row('CPU of the sending process, µs/frame', 'cpuUs', 0),
    row('latency p50, ms', 'p50', 2),
    row('latency p99, ms', 'p99', 2),
    row('results', 'results', 0),
  ];
};
