/** Settings of listeners, certificates and access: which go together, and which exclude each other. */
import { test } from 'tap';
import { loadConfig } from '../../src/config.ts';
import { issuesOf } from '../support/config-issues.ts';

test('the admin listener is on the loopback address, and has a port of its own', async (t) => {
  t.strictSame(loadConfig({ ADMIN_PORT: '9000' }).admin, { host: '127.0.0.1', port: 9000 });
  t.strictSame(loadConfig({ ADMIN_PORT: '0', PORT: '0' }).admin, { host: '127.0.0.1', port: 0 });
  t.strictSame(issuesOf({ ADMIN_HOST: '127.0.0.1' }), [
    'ADMIN_HOST needs ADMIN_PORT; without it, the admin routes are on the main listener',
  ]);
  t.strictSame(issuesOf({ ADMIN_PORT: '65536' }), ['ADMIN_PORT must be a number from 0 to 65535; it is "65536"']);
  const same = ['ADMIN_PORT must not be the same as PORT (8000) on the same host'];
  for (const [host, adminHost, issues] of [
    ['127.0.0.1', '', same],
    ['localhost', '127.0.0.1', same],
    ['0.0.0.0', '127.0.0.1', same],
    ['192.0.2.1', '::', same],
    ['192.0.2.1', '127.0.0.1', []],
  ] as const)
    t.strictSame(issuesOf({ HOST: host, ADMIN_HOST: adminHost, ADMIN_PORT: '8000' }), issues, `${host} ${adminHost}`);
});

test('trusted proxies are addresses and networks', async (t) => {
  t.same(loadConfig({ TRUSTED_PROXIES: ' 127.0.0.1 ,, ::1 ' }).trustedProxies, ['127.0.0.1', '::1']);
  for (const bad of [
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fd00::/129',
    '10.0.0.0/x',
    '10.0.0.0/-1',
    '*',
  ]) {
    t.same(issuesOf({ TRUSTED_PROXIES: bad }), [
      `TRUSTED_PROXIES: invalid network "${bad}"; expected an address or network such as 10.0.0.7, 10.0.0.0/8 or fd00::/8`,
    ]);
  }
});

test('certificate and key are set together, and their paths become absolute', async (t) => {
  const { tls } = loadConfig({ TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: '/etc/key.pem' });
  t.match(tls, { certFile: /^\/.*\/cert\.pem$/, keyFile: '/etc/key.pem' });
  t.equal(loadConfig({}).tls, undefined);
  for (const variable of ['TLS_CERT_FILE', 'TLS_KEY_FILE']) {
    t.same(issuesOf({ [variable]: 'file.pem' }), ['TLS_CERT_FILE and TLS_KEY_FILE must be set together']);
  }
});
