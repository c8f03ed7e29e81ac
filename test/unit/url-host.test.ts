/** Hosts in URLs: IPv6 addresses in brackets, wildcard addresses replaced. */
import { test } from 'tap';
import { localUrlHost, urlHost } from '../../src/url-host.ts';

test('an IPv6 address is put in brackets', async (t) => {
  t.equal(urlHost('::'), '[::]');
  t.equal(urlHost('fe80::1'), '[fe80::1]');
  t.equal(urlHost('0.0.0.0'), '0.0.0.0');
});

test('a client on this machine can use the URL, also with a wildcard address', async (t) => {
  const hosts = ['127.0.0.1', '0.0.0.0', '::', '0:0::0', 'fe80::1', '::1', 'camera.example'];
  const expected = ['127.0.0.1', '127.0.0.1', '[::1]', '[::1]', '[fe80::1]', '[::1]', 'camera.example'];
  t.strictSame(hosts.map(localUrlHost), expected);
  for (const host of hosts) t.ok(URL.canParse(`ws://${localUrlHost(host)}:8000/ws/video/stream`), host);
});
