/** The client address, behind trusted and untrusted proxies. */
import { test } from 'tap';
import { addressKey, clientAddress, forwardedAddress, parseNetworks } from '../../../src/server/peer-address.ts';
import type { HttpResponse } from '../../../src/server/uws.ts';
import { fakeRequest } from '../../support/fake-request.ts';

const trusted = parseNetworks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

test('the header of an untrusted peer is ignored', async (t) => {
  t.equal(forwardedAddress('203.0.113.5', '198.51.100.1', trusted), '203.0.113.5');
  t.equal(forwardedAddress('203.0.113.5', '198.51.100.1', parseNetworks([])), '203.0.113.5');
});

test('behind a trusted proxy, the last untrusted address counts', async (t) => {
  t.equal(forwardedAddress('10.1.2.3', '198.51.100.1', trusted), '198.51.100.1');
  t.equal(
    forwardedAddress('192.0.2.7', '6.6.6.6, 198.51.100.1, 10.9.9.9', trusted),
    '198.51.100.1',
    'forged addresses before it are ignored',
  );
  t.equal(forwardedAddress('fd00::1', '2001:db8::5', trusted), '2001:db8::5');
  t.equal(forwardedAddress('10.1.2.3', '10.0.0.4,10.0.0.5', trusted), '10.0.0.4', 'a client inside');
});

test('an address with a port and an IPv4-mapped address are parsed', async (t) => {
  t.equal(forwardedAddress('10.1.2.3', '198.51.100.1:4711', trusted), '198.51.100.1');
  t.equal(forwardedAddress('10.1.2.3', '[2001:db8::5]:4711', trusted), '2001:db8::5');
  t.equal(forwardedAddress('10.1.2.3', '::ffff:198.51.100.1', trusted), '198.51.100.1');
});

test('an invalid address ends the search', async (t) => {
  for (const forwarded of ['', 'unknown', '_hidden', '198.51.100.1, ', ',', '1.2.3.4.5', '<script>']) {
    t.equal(forwardedAddress('10.1.2.3', forwarded, trusted), '10.1.2.3', forwarded);
  }
  t.equal(forwardedAddress('10.1.2.3', 'unknown, 10.4.4.4', trusted), '10.4.4.4');
});

test('an IPv6 address counts as its network', async (t) => {
  t.equal(addressKey('198.51.100.1'), '198.51.100.1');
  t.equal(addressKey('2001:db8:0:7::1'), '2001:db8:0:7::/64');
  t.equal(addressKey('2001:0DB8:0000:0007:1:2:3:4'), '2001:db8:0:7::/64');
  t.equal(addressKey('::1'), '0:0:0:0::/64');
  t.equal(addressKey(''), '');
});

/** The address of a client with these header lines. @param peer in the format of uWebSockets.js */
function addressOf(peer: string, headers: readonly string[]): string {
  const response = { getRemoteAddressAsText: () => new TextEncoder().encode(peer).buffer } as unknown as HttpResponse;
  return clientAddress(response, fakeRequest('GET /', headers), trusted);
}

test('the peer address is parsed in the format of uWebSockets.js', async (t) => {
  const from = (text: string) => addressOf(text, ['x-forwarded-for: 198.51.100.1']);
  t.equal(from('203.0.113.5'), '203.0.113.5');
  t.equal(from('0000:0000:0000:0000:0000:ffff:cb00:7105'), '203.0.113.5');
  t.equal(from('0000:0000:0000:0000:0000:ffff:0a01:0203'), '198.51.100.1', 'a trusted proxy on a dual-stack socket');
});

test('of several X-Forwarded-For lines, the last counts: a client may send one, and HAProxy adds its own', async (t) => {
  const lines = ['x-forwarded-for: 192.0.2.9', 'host: gate', 'x-forwarded-for: 198.51.100.1'];
  t.equal(addressOf('10.1.2.3', lines), '198.51.100.1');
  t.equal(addressOf('10.1.2.3', [...lines, 'x-forwarded-for: 10.9.9.9']), '198.51.100.1', 'a chain of proxies');
  t.equal(addressOf('203.0.113.5', lines), '203.0.113.5', 'not from a proxy');
});
