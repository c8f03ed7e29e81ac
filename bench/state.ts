/** `npm run bench:state`: what the state of a session costs on its way to a worker and back, per frame, and on its way to another host. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { decodeFrame, decodeReply, encodeFrame, encodeReply } from '../src/broker/frame-headers.ts';
import { Observers } from '../src/observe/observer.ts';
import { loadPipelines } from '../src/pipeline/registry.ts';
import { startLocalPool } from '../src/pool/local-pool.ts';
import { SessionMemory } from '../src/pool/session-memory.ts';
import { median } from '../src/statistics.ts';
import { encodeGradient } from '../test/support/jpeg-bytes.ts';
import { KeptLog } from '../test/support/started-pool.ts';
import { pipelineFile, testNode } from '../test/support/temp-models.ts';

interface Flags {
  readonly sizes: string;
  readonly frames: string;
  readonly rounds: string;
}

const flags = new Command('npm run bench:state --')
  .description(
    'Runs tiny frames through one worker thread, in turn with and without state. CPU time is that of all threads.',
  )
  .option('--sizes <bytes>', 'sizes of the state, with commas', '100,2000,16000,60000')
  .option('--frames <n>', 'frames per round', '2000')
  .option('--rounds <n>', 'rounds; each measures all variants', '9')
  .parse()
  .opts<Flags>();

const sizes = flags.sizes.split(',').map(Number);
const [frameCount, rounds] = [Number(flags.frames), Number(flags.rounds)];
const valid = [...sizes, frameCount, rounds].every((value) => Number.isInteger(value) && value > 0);
if (!valid) throw new Error('--sizes, --frames and --rounds must be whole numbers above 0');

const usPerMs = 1000;
const stopMs = 1000;

/** `text`: one string, so that almost only its way costs. `numbers`: seven characters each with their comma, all parsed, checked and written. */
const kinds = ['text', 'numbers'] as const;
type Kind = (typeof kinds)[number];

const tool = `export default ({ z }) => ({
  pluginId: 'test', toolId: 'keep', description: '', inputs: [], outputs: [], failureDetail: 'Failed',
  params: z.object({ size: z.number(), kind: z.string() }),
  state: ({ size, kind }) => size === 0 ? undefined : kind === 'text' ? { schema: z.string(), initial: 'x'.repeat(size) } : {
    schema: z.array(z.number()),
    initial: Array.from({ length: Math.ceil(size / 7) }, (_, i) => 1000.5 + (i % 999)),
  },
  async create({ size }) {
    return size === 0 ? { run: () => ({}) } : { run: (_, { state }) => ({ outputs: {}, state }) };
  },
});`;

const modelsDir = mkdtempSync(join(tmpdir(), 'framegate-bench-'));
process.once('exit', () => rmSync(modelsDir, { recursive: true }));
for (const folder of ['tools', 'pipelines']) mkdirSync(join(modelsDir, folder));
writeFileSync(join(modelsDir, 'tools', 'keep.mjs'), tool);
interface Variant {
  readonly id: string;
  readonly size: number;
  readonly kind: Kind;
  readonly memory: SessionMemory;
  readonly runs: Run[];
}

/** Microseconds per frame: CPU time, latency, and packing for another host. */
interface Run {
  readonly cpuUs: number;
  readonly wallUs: number;
  readonly packUs: number;
}

function variantOf(kind: Kind, size: number): Variant {
  return { id: `${kind}_${size}`, size, kind, memory: new SessionMemory(performance.now(), 0), runs: [] };
}

const bare = variantOf('text', 0);
const variants = [bare, ...sizes.flatMap((size) => kinds.map((kind) => variantOf(kind, size)))];
for (const { id, size, kind } of variants) {
  const file = pipelineFile({ id, nodes: [testNode('keep', 'keep', { size, kind })], sequential: true });
  writeFileSync(join(modelsDir, 'pipelines', `${id}.json`), JSON.stringify(file));
}
const bytes = encodeGradient(16, 16);
const providers = ['cpu'];
const { pool, started } = startLocalPool({
  ...{ poolWorkers: 1, maxFrameBytes: 100_000, maxHeldBytes: 100_000, maxWaitMs: 0, frameTimeoutMs: 10_000 },
  ...{ maxHeapMegabytes: 512, maxStuckMs: 10_000, modelsDir, providers, log: new KeptLog().log },
  ...{ pipelines: await loadPipelines({ modelsDir, providers }), observer: new Observers() },
});
await started;
for (const { id } of variants) pool.openSession(id);

async function measure({ id, memory }: Variant): Promise<Omit<Run, 'packUs'>> {
  const source = { sessionId: id, camera: undefined, pipelineId: id, address: '192.0.2.1' };
  const [startedAtMs, cpu] = [performance.now(), process.cpuUsage()];
  for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
    const outcome = await new Promise<{ readonly type: string }>((resolve) => {
      pool.offer(id, { source, frameIndex, bytes, memory }, resolve);
    });
    if (outcome.type !== 'result') throw new Error(`a frame ended with ${JSON.stringify(outcome)}`);
  }
  const used = process.cpuUsage(cpu);
  const wallUs = ((performance.now() - startedAtMs) * usPerMs) / frameCount;
  return { cpuUs: (used.user + used.system) / frameCount, wallUs };
}

/** Microseconds in which a frame of 50 KB and its reply are packed and unpacked, on both sides. */
function measurePacking(state: string): number {
  const frame = new Uint8Array(50_000);
  const header = {
    ...{ gateway: 'gate', pipeline: 'plates', fingerprint: 'f', frameIndex: 1, address: '192.0.2.1' },
    ...{ maxHoldMs: 1, timeoutMs: 1 },
  };
  const clock = { sessionMs: 1, elapsedMs: 1, unixMs: 1 };
  const startedAtMs = performance.now();
  for (let i = 0; i < frameCount; i++) {
    const sent = decodeFrame(...encodeFrame({ header, moment: { state, clock }, bytes: frame }));
    const reply = { type: 'result', text: '{}', timings: {}, tookMs: 1, limit: 1, others: 0 } as const;
    const [text, body] = encodeReply({ ...reply, state: sent?.moment.state });
    decodeReply(text, Buffer.from(body));
  }
  return ((performance.now() - startedAtMs) * usPerMs) / frameCount;
}

for (let round = 0; round <= rounds; round++) {
  for (const variant of variants) {
    const run = { ...(await measure(variant)), packUs: measurePacking(variant.memory.momentOf(0).state) };
    // The first round compiles the code.
    if (round > 0) variant.runs.push(run);
  }
}

/** Median of the differences to the run without state in the same round. */
function above({ runs }: Variant, key: keyof Run): string {
  return median(runs.map((run, index) => run[key] - (bare.runs[index]?.[key] ?? 0))).toFixed(1);
}

const bareUs = median(bare.runs.map(({ cpuUs }) => cpuUs)).toFixed(1);
console.log(
  `${rounds} rounds of ${frameCount} frames; without state, a frame takes ${bareUs} µs of CPU time. In addition, per frame:`,
);
const rows = variants.slice(1).map((variant) => ({
  state: `${variant.memory.stateLength} B, ${variant.kind}`,
  'CPU time (µs)': above(variant, 'cpuUs'),
  'latency (µs)': above(variant, 'wallUs'),
  'packed for another host and back (µs)': above(variant, 'packUs'),
}));
console.table(rows);
await pool.stop(stopMs);
