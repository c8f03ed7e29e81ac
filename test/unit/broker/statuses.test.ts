/** Statuses of other processes: those of another version, and those of a peer that is hostile or broken. */
import { test } from 'tap';
import {
  compareFingerprints,
  type GatewayStatus,
  type HostStatus,
  parseGatewayStatus,
  parseHostStatus,
} from '../../../src/broker/statuses.ts';
import { gatewayStatus } from '../../support/remote-pool.ts';

const bytesOf = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const hostStatus: HostStatus = {
  ...{ protocol: 1, version: '0.0.1', id: 'h1', name: 'one', isLeaving: false, pipelines: { plates: 'f1' } },
  ...{ workers: { size: 2, ready: 2, busy: 0, timedOut: 0 }, loaded: ['plates'] },
  ...{ limits: { gate: 3 }, inFlight: { gate: 1 } },
  setups: [{ workers: 2, decoder: 'turbo', models: [{ name: 'yolo', provider: 'cpu' }] }],
};

/** The issue of a status that is not accepted. */
function issueOf(status: HostStatus | GatewayStatus | { readonly issue: string }): string {
  if (!('issue' in status)) throw new Error('it was accepted');
  return status.issue;
}

test('a status survives its way', async (t) => {
  t.same(parseHostStatus(bytesOf(hostStatus)), hostStatus);
  const status = gatewayStatus('gate', { wanted: ['plates'] });
  t.same(parseGatewayStatus(bytesOf(status)), status);
  t.same(parseHostStatus(bytesOf({ ...hostStatus, later: 1 })), hostStatus, 'keys of a later version are ignored');
});

test('another protocol is named, whatever else its status has', async (t) => {
  const old = bytesOf({ protocol: 0, version: '0.0.9', name: 'ancient' });
  t.same(parseHostStatus(old), {
    name: 'ancient',
    issue: 'it speaks protocol 0 (version 0.0.9), and this process protocol 1; update the older one',
  });
});

test('what is not a status of this protocol is refused, with the reason', async (t) => {
  t.same(parseHostStatus(bytesOf('{')), { name: 'unknown', issue: 'its status is not JSON' });
  for (const text of ['null', '[]', '7', '{}', '""', '{"__proto__":{"protocol":1}}'])
    t.match(parseHostStatus(bytesOf(text)), { name: 'unknown', issue: /^its status is not valid: / }, text);
  const cases: readonly Partial<Record<keyof HostStatus, unknown>>[] = [
    ...['a.b', '', '*', '>', 'a b', 'x'.repeat(65), 7].map((id) => ({ id })),
    { name: 'x'.repeat(65) },
    { version: 'x'.repeat(65) },
    { limits: { gate: 1e9 } },
    { limits: { gate: -1 } },
    { limits: { gate: 1.5 } },
    { limits: { gate: '3' } },
    { limits: [3] },
    { workers: { size: 1e9, ready: 0, busy: 0, timedOut: 0 } },
    { pipelines: { plates: 7 } },
    { loaded: 'plates' },
  ];
  for (const change of cases)
    t.match(parseHostStatus(bytesOf({ ...hostStatus, ...change })), { issue: /^its status is not valid: / });
  const numbers = ['-1', '1e999', 'null', '"1"'];
  for (const number of numbers) {
    const text = JSON.stringify(gatewayStatus('gate')).replace('"networkMs":0', `"networkMs":${number}`);
    t.match(parseGatewayStatus(bytesOf(text)), { issue: /networkMs/ }, number);
  }
});

test('names of object properties are ids and keys like any others', async (t) => {
  const text = JSON.stringify(hostStatus)
    .replace('"h1"', '"__proto__"')
    .replace('"limits":{', '"limits":{"__proto__":{"gate":9},"constructor":2,');
  const status = parseHostStatus(bytesOf(text));
  if ('issue' in status) throw new Error(status.issue);
  t.equal(status.id, '__proto__');
  t.equal(status.limits['constructor'], 2);
  t.equal(Object.getPrototypeOf(status.limits), Object.prototype);
  t.equal(status.limits['gate'], 3);
  t.equal(({} as Record<string, unknown>)['gate'], undefined);
  const own = new Map([['plates', 'f1']]);
  t.same(compareFingerprints(own, JSON.parse('{"__proto__":"f1","constructor":"f1"}')).matching, []);
});

test('a giant status is not parsed, and no issue is long', async (t) => {
  const pipelines = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`pipeline ${n}`, 'f']));
  const giant = bytesOf({ ...hostStatus, pipelines });
  t.same(parseHostStatus(giant), { name: 'unknown', issue: 'its status has more than 262144 bytes' });
  const wrong = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`pipeline ${n}`, n]));
  t.ok(issueOf(parseHostStatus(bytesOf({ ...hostStatus, pipelines: wrong }))).length < 600);
  t.equal(issueOf(parseHostStatus(bytesOf({ protocol: 1, name: 'x'.repeat(1000), version: '1' }))).length < 600, true);
  const { issues } = compareFingerprints(new Map(), pipelines);
  t.match(issues, [/^no pipeline in common: it has pipeline 0, pipeline 1, .* and 99990 more$/]);
  t.ok((compareFingerprints(new Map(), { ['x'.repeat(100_000)]: 'f' }).issues[0] ?? '').length < 600);
});

test('pipelines match by fingerprint', async (t) => {
  const own = new Map([
    ['same', 'a'],
    ['differs', 'b'],
    ['here', 'c'],
  ]);
  t.same(compareFingerprints(own, { same: 'a', differs: 'x', there: 'y' }), {
    matching: ['same'],
    issues: ['pipeline differs differs: its file, models or custom tools are not the same'],
  });
  t.same(compareFingerprints(own, { b: 'y', a: 'x' }), {
    matching: [],
    issues: ['no pipeline in common: it has a, b'],
  });
  t.same(compareFingerprints(own, {}).issues, ['no pipeline in common: it has none']);
});
