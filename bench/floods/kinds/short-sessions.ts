/** Sessions that open and close as fast as possible. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { type Attack, type Counts, type Flood, scaled, type Target } from '../flood.ts';
import { smallFrame } from '../small-frame.ts';
import { openStream } from '../wire.ts';

/** Maximum concurrent sessions. */
const concurrentTextSessions = 64;
const reconnectsPerSecond = 1000;
const reconnectSeconds = 10;
/** Time for the attacker process to start. */
const marginSeconds = 3;
const stepMs = 10;
/** Maximum steps made up at once. */
const maxCatchUp = 3;
/** A session without a reply within this time counts as `no_answer`. */
const responseTimeoutMs = 5000;
const text = clientFrame(opcode.text, Buffer.from('x'));

/** Runs loops that each open a session, send a text message and wait for the close. */
export function sendTexts(target: Target, loops: number): Attack {
  const counts = { sessions: 0, not_opened: 0 };
  let isOver = false;
  const loop = async (n: number) => {
    while (!isOver) {
      const socket = await openStream(target, n);
      if (socket === undefined) {
        counts.not_opened += 1;
        await sleep(stepMs);
        continue;
      }
      await new Promise((resolve) => socket.resume().once('close', resolve).write(text));
      counts.sessions += 1;
    }
  };
  for (let n = 0; n < loops; n++) loop(n);
  return {
    stop: () => {
      isOver = true;
      return counts;
    },
  };
}

/** Connects, upgrades, sends one frame, reads its reply and closes, at a fixed rate. */
function reconnect(target: Target): Attack {
  const pending = new Set<Promise<void>>();
  const counts = { tried: 0, served: 0, refused_with_code: 0, no_answer: 0, slowest_ms: 0 };
  const frame = clientFrame(opcode.binary, smallFrame());
  const perStep = (scaled(target, reconnectsPerSecond) * stepMs) / 1000;
  const startMs = performance.now();
  const timer = setInterval(() => {
    const elapsedMs = Math.min(performance.now() - startMs, reconnectSeconds * 1000);
    // Catch up slowly: a burst would only fill the kernel's connection backlog.
    const due = Math.min((elapsedMs / stepMs) * perStep, counts.tried + maxCatchUp * perStep);
    while (counts.tried < due) {
      const trial = tryOnce(target, frame, counts).finally(() => pending.delete(trial));
      pending.add(trial);
    }
  }, stepMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      return counts;
    },
  };
}

async function tryOnce(target: Target, frame: Buffer, counts: Counts): Promise<void> {
  const startMs = performance.now();
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  count('tried');
  const socket = await openStream(target, counts['tried'] ?? 0, { failed: (why) => count(`not_upgraded (${why})`) });
  if (socket === undefined) return;
  const reply = await new Promise<string>((resolve) => {
    const limit = setTimeout(() => resolve(''), responseTimeoutMs);
    const settle = (received: string) => {
      clearTimeout(limit);
      resolve(received);
    };
    socket.once('data', (piece) => settle(piece.toString('latin1')));
    socket.once('close', () => settle(''));
    socket.resume().write(frame);
  });
  socket.destroy();
  if (/"result"|"dropped"/.test(reply)) count('served');
  else count(reply.includes('"error"') ? 'refused_with_code' : 'no_answer');
  counts['slowest_ms'] = Math.max(counts['slowest_ms'] ?? 0, Math.round(performance.now() - startMs));
}

export const shortSessions: readonly Flood[] = [
  {
    name: 'text-sessions',
    about: `sessions of one text message, ${concurrentTextSessions} at a time, as fast as possible`,
    start: (target) => sendTexts(target, scaled(target, concurrentTextSessions)),
  },
  {
    name: 'reconnects',
    about: `${reconnectsPerSecond} times per second for ${reconnectSeconds} s: connect, upgrade, one frame, close; not at nice 19`,
    isNice: false,
    minSeconds: reconnectSeconds + marginSeconds,
    start: reconnect,
  },
];
