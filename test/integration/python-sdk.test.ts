/** The Python client library: its own tests, and its congestion window and types of results compared with those of `src`. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { CongestionWindow, type SentFrame } from '../../src/client/congestion-window.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../clients/python', import.meta.url));
const python = process.env['PYTHON'] ?? 'python3';
const minPythonMinor = 9;

/** Why a program cannot run here; `undefined` if it can. */
async function missing(program: string): Promise<string | undefined> {
  try {
    await run(python, ['-c', program]);
    return undefined;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    return code === 'ENOENT' ? `there is no ${python}` : (stderr.trim().split('\n').at(-1) ?? `${python} fails`);
  }
}

function options(reason: string | undefined) {
  return reason === undefined ? {} : { skip: reason };
}

const version = `import sys; sys.exit(None if sys.version_info >= (3, ${minPythonMinor}) else 'Python is older than 3.${minPythonMinor}')`;
const noPython = await missing(version);
const noWebsockets = noPython ?? (await missing('import websockets.asyncio.client'));

/** Python with the library on its path, without writing compiled files. */
const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };

const events = ['send', 'result', 'drop', 'slow_down', 'move', 'pass'] as const;
type Event = (typeof events)[number];

function nextEvent(maySend: boolean, isInFlight: boolean, dropRate: number, random: () => number): Event {
  if (maySend) return 'send';
  if (random() < 0.01) return 'slow_down';
  if (random() < 0.02) return 'move';
  if (!isInFlight) return 'pass';
  return random() < dropRate ? 'drop' : 'result';
}

interface Step {
  readonly what: Event;
  readonly nowMs: number;
  /** The frame in flight that a reply is for. */
  readonly which: number;
  readonly serviceMs: number;
}

function apply(window: CongestionWindow, inFlight: SentFrame[], { what, nowMs, which, serviceMs }: Step): void {
  if (what === 'send') inFlight.push(window.sent(nowMs));
  if (what === 'slow_down') window.slowDown(nowMs);
  if (what === 'move') {
    inFlight.length = 0;
    window.moved();
  }
  if (what !== 'drop' && what !== 'result') return;
  for (const frame of inFlight.splice(which, 1)) {
    if (what === 'drop') window.dropped(frame, nowMs);
    else window.result(frame, nowMs, serviceMs);
  }
}

/** One random run of the congestion window: the events, and its state after each step. */
function randomRun(seed: number) {
  const random = seededRandom(seed);
  const limits = {
    maxInFlight: 1 + Math.floor(8 * random()),
    maxFps: 1 + Math.floor(120 * random()),
    adapt: seed % 4 > 0,
  };
  const window = new CongestionWindow(limits);
  const inFlight: SentFrame[] = [];
  const dropRate = random() ** 3;
  const steps = [];
  let nowMs = 0;
  for (let i = 0; i < 400; i++) {
    nowMs += 60 * random() ** 2;
    const which = Math.floor(random() * inFlight.length);
    const serviceMs = 50 * random();
    const what = nextEvent(window.waitMs(nowMs) === 0, inFlight.length > 0, dropRate, random);
    apply(window, inFlight, { what, nowMs, which, serviceMs });
    const waitMs = window.waitMs(nowMs);
    steps.push({ what, nowMs, which, serviceMs, waitMs: Number.isFinite(waitMs) ? waitMs : null, fps: window.fps });
  }
  return { ...limits, steps };
}

test('both congestion windows have the same state after every step', options(noWebsockets), async (t) => {
  const runs = Array.from({ length: 200 }, (_, seed) => randomRun(seed + 1));
  for (const what of events) {
    t.ok(
      runs.some(({ steps }) => steps.some((step) => step.what === what)),
      what,
    );
  }
  const replay = spawn(python, ['-m', 'tests.replay_congestion_window'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  replay.stdin.end(JSON.stringify(runs));
  const [stdout, stderr] = await Promise.all([text(replay.stdout), text(replay.stderr)]);
  t.equal(stderr, '');
  t.equal(Number(stdout), 200 * 400);
});

/** Prints the keys of the result types, each with whether it is required. */
const printKeys = `
import json, framegate_client as client
types = [client.FrameResult, client.Detection, client.MaskRle, client.ClassScore, client.Track, client.SceneEvent]
print(json.dumps({type.__name__: {key: key in type.__required_keys__ for key in type.__annotations__} for type in types}))
`;

/** The same for the interfaces of the wire contract. */
function protocolKeys(name: string): Record<string, boolean> {
  const source = readFileSync(new URL('../../src/protocol.ts', import.meta.url), 'utf8');
  const body = new RegExp(`^export interface ${name} {\n(.*?)^}`, 'ms').exec(source)?.[1] ?? '';
  const keys = [...body.matchAll(/^ {2}(?:readonly )?(\w+)(\??):/gm)];
  return Object.fromEntries(keys.map(([, key = '', optional]) => [key, optional === '']));
}

test('results have the same keys in Python as in the wire contract', options(noWebsockets), async (t) => {
  const { stdout } = await run(python, ['-c', printKeys], { env });
  const types = JSON.parse(stdout) as Record<string, Record<string, boolean>>;
  t.equal(Object.keys(types).length, 6);
  for (const [name, keys] of Object.entries(types)) t.same(keys, protocolKeys(name), name);
});

test('the tests of the Python client pass', options(noWebsockets), async (t) => {
  const frames = t.testdir();
  mkdirSync(frames, { recursive: true });
  writeFileSync(join(frames, 'slow.jpg'), encodeGradient(100, 16));
  writeFileSync(join(frames, 'quick.jpg'), encodeGradient(16, 16));
  const args = ['-m', 'unittest', '-v'];
  const tests = spawn(python, args, {
    cwd: folder,
    env: { ...env, FRAMEGATE_NODE: process.execPath, FRAMEGATE_FRAMES: frames },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test file that fails midway must not leave its processes running.
  process.once('exit', () => tests.kill('SIGKILL'));
  const [stdout, log] = await Promise.all([text(tests.stdout), text(tests.stderr)]);
  for (const line of stdout.trim().split('\n')) t.comment(line);
  const names = [...log.matchAll(/^(test_\w+) /gm)].map(([, name]) => name);
  t.ok(names.length >= 15, `${names.length} tests ran`);
  t.match(log.trim().split('\n').at(-1), /^OK$/, log);
});
