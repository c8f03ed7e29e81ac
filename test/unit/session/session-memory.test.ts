/** The state of a session is gone with it: of a thousand sessions with large states, nothing is left in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'tap';
import { decodeReply, encodeReply, type HostReply } from '../../../src/broker/frame-headers.ts';
import { SessionMemory } from '../../../src/pool/session-memory.ts';
import { SessionManager } from '../../../src/session/session-manager.ts';
import { UnsentEvents } from '../../../src/session/unsent-events.ts';
import { headerOnly } from '../../support/jpeg-bytes.ts';
import { ManualExecutor, poolOf } from '../../support/manual-executor.ts';
import { mockSessionParts } from '../../support/mock-session.ts';

const frame = headerOnly({ width: 8, height: 8 });
const stateLength = 60_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use after a collection. */
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test('a thousand sessions that have ended leave no state behind', async (t) => {
  const executor = new ManualExecutor(1, 'the pipeline');
  const { pool } = poolOf(t, [executor]);
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const { parts } = mockSessionParts();
      const session = new SessionManager({ ...parts, pool, source: { ...parts.source, sessionId: `${i}` } });
      for (let index = 0; index < 2; index++) {
        session.receiveFrame(frame);
        // A string of its own, as it comes from a worker.
        const state = Buffer.alloc(stateLength, 'x').toString('latin1');
        await executor.end(index, { type: 'result', text: '{"n":1}', timings: {}, state });
        await new Promise(setImmediate);
      }
      if (session.status(performance.now()).state_length !== stateLength) throw new Error('the state was not kept');
      session.socketClosed();
      executor.started.length = 0;
      executor.deadlines.length = 0;
    }
  };
  await run(50);
  const before = heapUsed();
  await run(1000);
  const grown = heapUsed() - before;
  t.ok(grown < 100 * stateLength, `the heap has grown by ${grown} bytes; all states have ${1000 * stateLength}`);
});

/** The reply of a host with a result of 1 MB. */
function largeReply(index: number): HostReply {
  const result: HostReply = {
    ...{ type: 'result', text: `{"mask":"${'x'.repeat(1_000_000)}"}`, timings: {}, tookMs: 1, limit: 1, others: 0 },
    ...{ state: `{"n":["f",${index},"${'y'.repeat(50)}"]}`, events: [`{"type":"${'z'.repeat(50)}","n":${index}}`] },
  };
  const [header, body] = encodeReply(result);
  return decodeReply(header, Buffer.from(body)) as HostReply;
}

test('a state and kept events do not hold on to the reply of a host that brought them', async (t) => {
  const usedBefore = heapUsed();
  const unsent = new UnsentEvents();
  const memories: SessionMemory[] = [];
  for (let i = 0; i < 100; i++) {
    const reply = largeReply(i);
    if (reply.type !== 'result') throw new Error('it is no result');
    const memory = new SessionMemory(0, 0);
    memory.processed(1, reply.state);
    memories.push(memory);
    unsent.keep({ texts: reply.events ?? [], lost: 0 });
  }
  const used = heapUsed() - usedBefore;
  t.ok(used < 10_000_000, `${Math.round(used / 1024)} KB for 100 sessions`);
  t.equal(unsent.take([]).texts.length, memories.length);
});
