/** Which origins and hosts are allowed: ports, case, dots, addresses, opaque origins, headers that are no origin. */
import { test } from 'tap';
import { OriginRules } from '../../../src/auth/origin.ts';

const rules = new OriginRules(
  ['https://Gate.example.com', 'http://lan.example:8080', 'capacitor://app'],
  ['cameras', 'Other.example.'],
  '0.0.0.0',
);
const refused = (host: string, origin = '') => rules.refuse({ host, origin })?.setting;

test('a client without Origin may use an address, localhost, and allowed names', async (t) => {
  for (const host of [
    ...[
      '127.0.0.1',
      '127.0.0.1:8000',
      '192.168.0.7:80',
      '[::1]:8000',
      '[fe80::1]',
      'localhost',
      'LOCALHOST:1',
      'a.localhost',
    ],
    ...[
      'localhost.',
      'cameras:8000',
      'CAMERAS',
      'cameras.',
      'other.example',
      'gate.example.com',
      'gate.example.com.:443',
    ],
    ...['lan.example:9', 'app', ''],
  ])
    t.equal(refused(host), undefined, host);
  for (const host of [
    ...['evil.example', 'evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', 'evillocalhost'],
    ...[
      'xgate.example.com',
      'gate.example.com.evil',
      '127.0.0.1@evil.example',
      '[::1',
      'a b',
      '::1:x',
      'cameras:8000:1',
    ],
  ])
    t.equal(refused(host), 'ALLOWED_HOSTS', host);
});

test('a page of the same origin may: same host and port, by the default port of its scheme', async (t) => {
  for (const [host, origin] of [
    ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['127.0.0.1', 'http://127.0.0.1'],
    ['gate.example.com', 'https://gate.example.com'],
    ['cameras:443', 'https://cameras'],
    ['cameras', 'https://cameras:443'],
    ['Cameras.', 'HTTP://CAMERAS'],
    ['[::1]:8000', 'http://[0:0::1]:8000'],
  ] as const) {
    t.equal(refused(host, origin), undefined, `${origin} at ${host}`);
  }
  for (const [host, origin] of [
    ['127.0.0.1:8000', 'http://127.0.0.1:3000'],
    ['127.0.0.1:8000', 'http://localhost:8000'],
    ['127.0.0.1:8000', 'http://127.0.0.1'],
    ['cameras:80', 'https://cameras'],
    ['127.0.0.1', 'null'],
    ['127.0.0.1', 'file://'],
    ['127.0.0.1', 'http://127.0.0.1 http://evil.example'],
    ['127.0.0.1', 'http://127.0.0.1/'],
    ['127.0.0.1', 'http://evil@127.0.0.1'],
    ['127.0.0.1', 'ftp://127.0.0.1'],
  ] as const) {
    t.equal(refused(host, origin), 'ALLOWED_ORIGINS', `${origin} at ${host}`);
  }
});

test('an allowed origin may, with its own port only', async (t) => {
  for (const origin of [
    'https://gate.example.com',
    'https://GATE.example.com:443',
    'http://lan.example:8080',
    'capacitor://app',
  ])
    t.equal(refused('127.0.0.1:8000', origin), undefined, origin);
  for (const origin of [
    'http://gate.example.com',
    'https://gate.example.com:8443',
    'http://lan.example',
    'https://app',
  ])
    t.equal(refused('127.0.0.1:8000', origin), 'ALLOWED_ORIGINS', origin);
  t.equal(refused('evil.example', 'https://gate.example.com'), 'ALLOWED_HOSTS', 'a host is checked all the same');
});

test('CORS names an allowed origin of another site only', async (t) => {
  const cors = (host: string, origin: string) => rules.corsOrigin({ host, origin });
  t.equal(cors('127.0.0.1', 'https://gate.example.com'), 'https://gate.example.com');
  for (const origin of ['', 'http://127.0.0.1', 'https://evil.example', 'null'])
    t.equal(cors('127.0.0.1', origin), undefined);
});

test('with *, everything is allowed; null is allowed by name', async (t) => {
  const all = new OriginRules(['*'], [], '127.0.0.1');
  t.equal(all.refuse({ host: 'evil.example', origin: 'null' }), undefined);
  const files = new OriginRules(['null'], [], '127.0.0.1');
  t.equal(files.refuse({ host: '127.0.0.1', origin: 'null' }), undefined);
  t.ok(files.refuse({ host: '127.0.0.1', origin: 'https://a.example' }));
});

test('a name to listen on is allowed, and a refusal quotes a header safely', async (t) => {
  const named = new OriginRules([], [], 'Gate.lan');
  t.equal(named.refuse({ host: 'gate.lan:8000', origin: 'http://gate.lan:8000' }), undefined);
  t.equal(new OriginRules([], [], '::1').refuse({ host: '[::1]:8000', origin: '' }), undefined);
  const { detail = '' } = rules.refuse({ host: '127.0.0.1', origin: `\u001b[31m${'x'.repeat(500)}` }) ?? {};
  t.match(detail, /^Origin \?\[31mx+ is not allowed$/);
  t.ok(detail.length < 150);
});
