/** The webhook target with a real receiver that fails, hangs, asks to wait, and restarts. */
import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { EventReader } from '../../../../src/camera/publish/event-reader.ts';
import { signatureOf } from '../../../../src/camera/publish/signature.ts';
import type { TargetNotice, TlsMaterial } from '../../../../src/camera/publish/target.ts';
import { WebhookTarget } from '../../../../src/camera/publish/webhook-target.ts';
import { eventually } from '../../../support/camera-run.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { freePort } from '../../../support/free-port.ts';
import { type Answer, startWebhookReceiver, type WebhookRequest } from '../../../support/webhook-receiver.ts';

const secret = 'a secret of this test';

function targetFor(t: Test, port: number, path = '/hook?key=1', tls?: TlsMaterial) {
  const notices: TargetNotice[] = [];
  const target = new WebhookTarget({
    name: 'hook',
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${path}`),
    ...{ tls: tls ?? {}, secret, version: '1.2.3', onNotice: (notice: TargetNotice) => notices.push(notice) },
  });
  t.teardown(() => target.close(0));
  const reader = new EventReader('gate');
  const publish = (...types: string[]) => {
    for (const event of reader.read({ events: types.map((type) => ({ type })) }, 0).events) target.publish(event);
  };
  return { target, notices, publish };
}

async function targetOf(t: Test, answer: Answer) {
  const receiver = await startWebhookReceiver(t, answer);
  return { receiver, ...targetFor(t, receiver.port) };
}

const ok: Answer = (response) => void response.writeHead(204).end();
const typesOf = (requests: readonly WebhookRequest[]) =>
  requests.map(({ body }) => (JSON.parse(body) as { type: string }).type);

test('each event is one signed POST, with its id as the idempotency key', async (t) => {
  const { receiver, target, publish } = await targetOf(t, ok);
  publish('a', 'b', 'c');
  await eventually('three events', () => target.counts.published === 3);
  t.strictSame(typesOf(receiver.requests), ['a', 'b', 'c']);
  for (const { method, path, headers, body } of receiver.requests) {
    t.strictSame([method, path], ['POST', '/hook?key=1']);
    t.match(headers, { 'content-type': 'application/json', 'user-agent': 'framegate/1.2.3' });
    t.equal(headers['idempotency-key'], JSON.parse(body).id);
    const signature = String(headers['framegate-signature']);
    const seconds = Number(/^t=(\d+),/.exec(signature)?.[1]);
    t.equal(signature, signatureOf(secret, body, seconds * 1000));
  }
  t.equal(target.state, 'connected');
});

test('TLS: only a receiver whose certificate is trusted gets an event', async (t) => {
  const { certFile, keyFile } = makeCertificate(t.testdir(), 'hook');
  const cert = readFileSync(certFile, 'utf8');
  const receiver = await startWebhookReceiver(t, ok, { cert, key: readFileSync(keyFile) });
  const trusting = targetFor(t, receiver.port, '/', { ca: cert });
  const other = targetFor(t, receiver.port, '/', {});
  for (const { publish } of [trusting, other]) publish('a');
  await eventually('the event', () => trusting.target.counts.published === 1);
  await eventually('the refusal', () => other.target.state === 'away');
  t.match(other.notices, [{ type: 'away', detail: 'self-signed certificate; events wait' }]);
  t.equal(receiver.requests.length, 1);
});

test('a failed event is sent again with the same key and body, before the ones behind it', async (t) => {
  const { receiver, target, notices, publish } = await targetOf(t, (response, index, request) =>
    index === 0 ? void response.writeHead(500).end() : ok(response, index, request),
  );
  publish('a', 'b');
  await eventually('both events', () => target.counts.published === 2);
  t.strictSame(typesOf(receiver.requests), ['a', 'a', 'b']);
  const [first, again] = receiver.requests;
  t.equal(again?.body, first?.body);
  t.equal(again?.headers['idempotency-key'], first?.headers['idempotency-key']);
  t.match(notices, [
    { type: 'away', detail: 'answered 500 Internal Server Error; events wait' },
    { type: 'back', detail: /^works again/ },
  ]);
});

test('answers that are final lose one event, and the next message says so', async (t) => {
  const { receiver, target, notices, publish } = await targetOf(t, (response, index) => {
    const status = [404, 301, 204][index] ?? 204;
    response.writeHead(status, status === 301 ? { Location: '/elsewhere' } : {}).end();
  });
  publish('a', 'b', 'c');
  await eventually('the last event', () => target.counts.published === 1);
  t.strictSame(typesOf(receiver.requests), ['a', 'b', 'c']);
  t.ok(
    receiver.requests.every(({ path }) => path === '/hook?key=1'),
    'the redirect is not followed',
  );
  t.equal(JSON.parse(receiver.requests[2]?.body ?? '').lost_before, 2);
  t.strictSame(target.counts, { published: 1, waiting: 0, lost: 2 });
  t.strictSame(notices[0], { type: 'lost', detail: '1 event was lost: answered 404 Not Found' });
});

test('a receiver that asks to wait is not asked again at the end', async (t) => {
  const { receiver, target, publish } = await targetOf(t, (response) => {
    response.writeHead(503, { 'Retry-After': '3600' }).end();
  });
  publish('a', 'b');
  await eventually('the first answer', () => target.state === 'away');
  await target.close(10_000);
  t.equal(receiver.requests.length, 1);
  t.strictSame(target.counts, { published: 0, waiting: 2, lost: 0 });
});

test('a receiver that restarts gets everything once, in order', async (t) => {
  const { receiver, target, notices, publish } = await targetOf(t, ok);
  publish('a');
  await eventually('the first event', () => target.counts.published === 1);
  await receiver.stop();
  publish('b', 'c');
  await eventually('the outage', () => target.state === 'away');
  await receiver.start();
  publish('d');
  await eventually('all events', () => target.counts.published === 4);
  t.strictSame(typesOf(receiver.requests), ['a', 'b', 'c', 'd']);
  t.match(notices, [
    { type: 'connected' },
    { type: 'away', detail: /ECONNREFUSED|ECONNRESET|hang up/ },
    { type: 'back' },
  ]);
});

test('a receiver that never answers is left at the end, and its event counts as not delivered', async (t) => {
  const { receiver, target, publish } = await targetOf(t, () => undefined);
  publish('a');
  await eventually('the request', () => receiver.requests.length === 1);
  await target.close(50);
  t.strictSame(target.counts, { published: 0, waiting: 1, lost: 0 });
});

test('an endless answer and one that stalls do not hold up the next event', async (t) => {
  const { target, publish } = await targetOf(t, (response, index) => {
    response.writeHead(200).write('x');
    if (index > 0) return;
    const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
    response.once('close', () => clearInterval(timer));
  });
  publish('a', 'b');
  await eventually('both events', () => target.counts.published === 2);
  t.equal(target.counts.lost, 0);
});

test('a webhook that is not there gets one last attempt at the end', async (t) => {
  const { target, notices, publish } = targetFor(t, await freePort());
  publish('a');
  await eventually('the outage', () => target.state === 'away');
  await target.close(100);
  t.match(notices, [{ type: 'away', detail: /ECONNREFUSED.*; events wait/ }]);
  t.strictSame(target.counts, { published: 0, waiting: 1, lost: 0 });
});
