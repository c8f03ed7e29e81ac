/** Addresses of targets: what is accepted, and issues that never show a secret. */
import { test } from 'tap';
import { prefixOf, readTargetUrl } from '../../../../src/camera/publish/target-url.ts';

test('brokers and webhooks are told apart', async (t) => {
  for (const [text, kind, usesTls, shown] of [
    ['mqtts://cam@broker.example:8883/site/a', 'mqtt', true, 'mqtts://broker.example:8883'],
    ['mqtt://[::1]', 'mqtt', false, 'mqtt://[::1]'],
    ['https://hooks.example/T0/B0/secret?key=secret', 'webhook', true, 'https://hooks.example'],
    ['http://user:secret@10.0.0.7:8123/api/webhook/secret', 'webhook', false, 'http://10.0.0.7:8123'],
  ] as const)
    t.match(readTargetUrl(text), { ok: true, address: { kind, usesTls, shown } }, text);
});

test('the prefix of topics is the path', async (t) => {
  for (const [text, prefix] of [
    ['mqtt://h', 'framegate'],
    ['mqtt://h/', 'framegate'],
    ['mqtt://h/site/a/', 'site/a'],
    ['mqtt://h/a%20b', 'a b'],
  ] as const)
    t.equal(prefixOf(new URL(text)), prefix);
});

test('an invalid address has one line, without its password, path or query', async (t) => {
  for (const [text, issue] of [
    ['', /is not a valid address/],
    ['broker', /"broker" is not a valid address/],
    ['ws://u:secret@h/secret', 'ws:// is not supported; expected mqtt, mqtts, http, or https'],
    ['mqtt://', /is not a valid address/],
    ['mqtt://u:sec#ret@h', /encode `#` as `%23`/],
    ['mqtt://u:%zzsecret@h', 'mqtt://h: in a user name or password, encode `%` as `%25`'],
    ['mqtt://h/a#secret', 'mqtt://h: an address with # is not supported; encode it as %23'],
    ['mqtt://h/a?secret=1', 'mqtt://h: an address with ? is not supported'],
    ['mqtt://h/a/+/b', /topic prefix must be/],
    ['mqtt://h/%23', /topic prefix must be/],
    ['mqtt://h/%00', /topic prefix must be/],
    ['mqtt://h/$SYS', /must not start with \$/],
    ['mqtt://h/a//b', /topic prefix must be/],
    ['mqtt://h/%zz', 'mqtt://h: in a topic prefix, encode `%` as `%25`'],
    [`mqtt://h/${'x'.repeat(300)}`, /prefix is longer than 200 characters/],
    [`https://h/${'x'.repeat(3000)}`, 'address is longer than 2048 characters'],
    ['https://user:secret@h:99999/secret', /is not a valid address/],
  ] as const) {
    const read = readTargetUrl(text);
    t.notOk(read.ok, text);
    if (read.ok) continue;
    t.match(read.issue, issue, text.slice(0, 80));
    t.notMatch(read.issue, /secret/);
  }
});
