/** A host: which frames it takes, what it replies, and what gateways it knows. */
import { test } from 'tap';
import { parseHostStatus } from '../../../src/broker/statuses.ts';
import { maxGateways } from '../../../src/host/gateways.ts';
import { FakeBroker } from '../../support/fake-channel.ts';
import { delivered, manualHost, ScriptedGateway, subjects } from '../../support/remote-pool.ts';
import { skewedClock } from '../../support/skewed-clock.ts';
import { until } from '../../support/started-pool.ts';

/** The newest status that a host has published. */
function statusOf(broker: FakeBroker, id: string) {
  const text = broker.published.findLast(({ subject }) => subject === subjects.hostStatus(id))?.text ?? '';
  const status = parseHostStatus(Buffer.from(text));
  if ('issue' in status) throw new Error(status.issue);
  return status;
}

test('a frame runs, and its reply has the outcome and the limit', async (t) => {
  const broker = new FakeBroker();
  const { executor, host, log } = manualHost(t, broker, 'h1', 2);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.report({ demand: 9 });
  await delivered();
  t.match(log.fieldsOf('gateway_joined'), [{ gateway: 'name of gate', id: 'gate' }]);
  t.equal(host.gateways, 1);
  gate.send('h1', 1);
  await delivered();
  t.match(executor.started, [{ frameIndex: 1, source: { sessionId: 's', camera: 'gate', pipelineId: 'plates' } }]);
  await executor.end(1, { type: 'result', text: '{"n":1}', timings: { decode: 2 } });
  gate.send('h1', 2);
  await delivered();
  const failed = { type: 'failed', code: 'pipeline_failure', detail: 'Test tool failed', reason: 'why' } as const;
  await executor.end(2, failed);
  await delivered();
  t.match(gate.replies.get(1), { type: 'result', text: '{"n":1}', timings: { decode: 2 }, limit: 3 });
  t.match(gate.replies.get(2), failed);
  t.same(gate.unexpected, []);
  t.match(host.totals, { frames: 2, refused: 0 });
});

test('every reason for which a frame is refused', async (t) => {
  const broker = new FakeBroker();
  const { executor, host } = manualHost(t, broker, 'h1', 1);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.send('h1', 1, { fingerprint: 'other' });
  gate.send('h1', 2, { pipeline: 'unknown' });
  gate.send('h1', 3, { timeoutMs: -1 });
  gate.channel.publish(subjects.run('h1'), Uint8Array.of(4), { reply: subjects.reply('gate', '4'), header: 'no JSON' });
  gate.channel.publish(subjects.run('h1'), Uint8Array.of(5), { reply: subjects.reply('gate', '5') });
  for (const frameIndex of [6, 7, 8]) gate.send('h1', frameIndex);
  await delivered();
  for (const [frameIndex, reason] of Object.entries({
    1: 'fingerprint',
    2: 'fingerprint',
    3: 'invalid',
    4: 'invalid',
    5: 'invalid',
    8: 'busy',
  }))
    t.match(gate.replies.get(Number(frameIndex)), { type: 'refused', reason }, `frame ${frameIndex}`);
  t.match(host.totals, { refused: 6 });
  const left = host.leave();
  gate.send('h1', 9);
  await delivered();
  t.match(gate.replies.get(7), { type: 'refused', reason: 'leaving' }, 'it still waited');
  t.match(gate.replies.get(9), { type: 'refused', reason: 'leaving' });
  t.equal(gate.replies.has(6), false, 'it runs');
  await executor.end(6);
  await left;
  await delivered();
  t.match(gate.replies.get(6), { type: 'result' });
  t.same(gate.unexpected, []);
  t.match(statusOf(broker, 'h1'), { isLeaving: true });
});

test('a frame without a reply subject does not run', async (t) => {
  const broker = new FakeBroker();
  const { executor } = manualHost(t, broker, 'h1', 1);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.send('h1', 1, {}, { reply: '' });
  gate.send('h1', 2);
  await delivered();
  t.match(executor.started, [{ frameIndex: 2 }]);
  t.equal(executor.started.length, 1);
});

test('without a maximum wait, no frame waits; a frame for which there is no memory is refused', async (t) => {
  const broker = new FakeBroker();
  const none = manualHost(t, broker, 'h1', 1, { maxWaitMs: 0 });
  const gate = new ScriptedGateway(broker, 'gate');
  for (const frameIndex of [1, 2]) gate.send('h1', frameIndex);
  await delivered();
  t.match(gate.replies.get(2), { type: 'refused', reason: 'busy' });
  t.equal(none.pool.status().held, 0);
  const full = manualHost(t, broker, 'h2', 1);
  gate.send('h2', 3);
  gate.send('h2', 4, {}, { bytes: new Uint8Array(9000) });
  await delivered();
  t.match(gate.replies.get(4), { type: 'refused', reason: 'busy' });
  await full.executor.end(3);
  t.equal(full.slots.usedBytes, 0);
});

test('the hold of a frame is at most what its gateway permits', async (t) => {
  const broker = new FakeBroker();
  const { executor, outcomes, slots } = manualHost(t, broker, 'h1', 1);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.send('h1', 1);
  gate.send('h1', 2, { maxHoldMs: 5 });
  await until(() => gate.replies.has(2));
  t.match(gate.replies.get(2), { type: 'dropped', reason: 'expired' });
  await executor.end(1);
  t.equal(slots.usedBytes, 0);
  t.equal(outcomes.size, 0);
});

test('several gateways share the workers', async (t) => {
  const broker = new FakeBroker();
  const { host } = manualHost(t, broker, 'h1', 4);
  const [a, b] = ['a', 'b'].map((id) => new ScriptedGateway(broker, id));
  a?.report({ demand: 40, hostWorkers: 4, activeSessions: 3 });
  b?.report({ demand: 40, hostWorkers: 4, activeSessions: 1 });
  await until(() => Object.keys(statusOf(broker, 'h1').limits).length === 2);
  t.same(statusOf(broker, 'h1').limits, { a: 4, b: 1 }, 'four workers and a waiting place');
  b?.report({ isLeaving: true });
  await until(() => Object.keys(statusOf(broker, 'h1').limits).length === 1);
  t.same(statusOf(broker, 'h1').limits, { a: 5 });
  a?.report({ pipelines: { plates: 'other' } });
  await delivered();
  t.equal(host.gateways, 0, 'it has no pipeline in common any more');
});

test('a gateway that differs is reported once; what it wants is loaded only if it is the same', async (t) => {
  const broker = new FakeBroker();
  const fingerprints = new Map([
    ['plates', 'f1'],
    ['pages', 'f2'],
  ]);
  const { log, loads, host } = manualHost(t, broker, 'h1', 1, { fingerprints });
  const gate = new ScriptedGateway(broker, 'gate');
  for (let n = 0; n < 3; n++)
    gate.report({ pipelines: { plates: 'other', pages: 'f2' }, wanted: ['plates', 'pages', 'unknown'] });
  await delivered();
  t.same([...new Set(loads)], ['pages']);
  t.match(log.fieldsOf('gateway_refused'), [{ gateway: 'name of gate', issues: [/^pipeline plates differs/] }]);
  host.setPipelines(new Map([['plates', 'other']]));
  gate.report({ pipelines: { plates: 'other' } });
  gate.send('h1', 1, { fingerprint: 'other' });
  gate.send('h1', 2);
  await delivered();
  t.match(gate.replies.get(2), { type: 'refused', reason: 'fingerprint' }, 'the frame of a gateway that is behind');
  t.equal(gate.replies.has(1), false);
});

test('there is a most of gateways; those beyond it are refused, once in the log', async (t) => {
  const broker = new FakeBroker();
  const { host, log, executor } = manualHost(t, broker, 'h1', 1);
  const gates = Array.from({ length: maxGateways + 3 }, (_, n) => new ScriptedGateway(broker, `gate-${n}`));
  for (const gate of gates) gate.report();
  await delivered();
  t.equal(host.gateways, maxGateways);
  t.match(log.fieldsOf('gateway_refused'), [{ issues: [`more than ${maxGateways} gateways`] }]);
  const [last, first] = [gates.at(-1), gates[0]];
  last?.send('h1', 1);
  first?.send('h1', 2);
  await delivered();
  t.match(last?.replies.get(1), { type: 'refused', reason: 'busy', limit: 0 });
  t.match(executor.started, [{ frameIndex: 2 }]);
});

test('an id that is a name of an object property is like any other', async (t) => {
  const broker = new FakeBroker();
  const { executor } = manualHost(t, broker, 'h1', 2);
  const gate = new ScriptedGateway(broker, '__proto__');
  gate.report({ demand: 9 });
  gate.send('h1', 1);
  await until(() => broker.published.some(({ text }) => text.includes('"limits":{"__proto__":3}')));
  await executor.end(1);
  await delivered();
  t.match(gate.replies.get(1), { type: 'result', limit: 3 });
});

test('after the process was suspended, gateways are read before one counts as silent', async (t) => {
  const broker = new FakeBroker();
  const pass = skewedClock(t);
  const { host, log } = manualHost(t, broker, 'h1', 1);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.report();
  await delivered();
  t.equal(host.gateways, 1);
  const ticks = () => broker.published.filter(({ subject }) => subject === subjects.hostStatus('h1')).length;
  const before = ticks();
  pass(60_000);
  await until(() => ticks() > before);
  t.same(log.fieldsOf('gateway_left'), []);
  t.equal(host.gateways, 1);
  await until(() => host.gateways === 0);
  t.match(log.fieldsOf('gateway_left'), [{ id: 'gate' }], 'it stayed silent');
});

test('while the broker is lost, nothing is published; afterwards the status is, at once', async (t) => {
  const broker = new FakeBroker();
  const { host, channel, executor } = manualHost(t, broker, 'h1', 1);
  const gate = new ScriptedGateway(broker, 'gate');
  gate.send('h1', 1);
  await delivered();
  channel.setConnected(false);
  const before = broker.published.length;
  host.setPipelines(new Map([['plates', 'f2']]));
  await executor.end(1);
  await delivered();
  t.equal(broker.published.length, before);
  channel.setConnected(true);
  t.match(statusOf(broker, 'h1'), { pipelines: { plates: 'f2' } });
  t.same(gate.replies.size, 0, 'its reply is lost; the gateway has dropped the frame');
});
