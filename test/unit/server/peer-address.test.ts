/** Whose connection it is, behind proxies that are trusted and others. */
import { test } from 'tap';
import { addressKey, clientAddress, forwardedAddress, parseNetworks } from '../../../src/server/peer-address.ts';
import type { HttpRequest, HttpResponse } from '../../../src/server/uws.ts';

const trusted = parseNetworks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

test('a peer that is no trusted proxy is believed nothing', async (t) => {
  t.equal(forwardedAddress('203.0.113.5', '198.51.100.1', trusted), '203.0.113.5');
  t.equal(forwardedAddress('203.0.113.5', '198.51.100.1', parseNetworks([])), '203.0.113.5');
});

test('behind a trusted proxy it is the last address that is none', async (t) => {
  t.equal(forwardedAddress('10.1.2.3', '198.51.100.1', trusted), '198.51.100.1');
  t.equal(
    forwardedAddress('192.0.2.7', '6.6.6.6, 198.51.100.1, 10.9.9.9', trusted),
    '198.51.100.1',
    'made up before it',
  );
  t.equal(forwardedAddress('fd00::1', '2001:db8::5', trusted), '2001:db8::5');
  t.equal(forwardedAddress('10.1.2.3', '10.0.0.4,10.0.0.5', trusted), '10.0.0.4', 'a client inside');
});

test('a port behind the address, and IPv4 inside IPv6, are understood', async (t) => {
  t.equal(forwardedAddress('10.1.2.3', '198.51.100.1:4711', trusted), '198.51.100.1');
  t.equal(forwardedAddress('10.1.2.3', '[2001:db8::5]:4711', trusted), '2001:db8::5');
  t.equal(forwardedAddress('10.1.2.3', '::ffff:198.51.100.1', trusted), '198.51.100.1');
});

test('what is no address ends the search', async (t) => {
  for (const forwarded of ['', 'unknown', '_hidden', '198.51.100.1, ', ',', '1.2.3.4.5', '<script>']) {
    t.equal(forwardedAddress('10.1.2.3', forwarded, trusted), '10.1.2.3', forwarded);
  }
  t.equal(forwardedAddress('10.1.2.3', 'unknown, 10.4.4.4', trusted), '10.4.4.4');
});

test('of IPv6 the network is counted', async (t) => {
  t.equal(addressKey('198.51.100.1'), '198.51.100.1');
  t.equal(addressKey('2001:db8:0:7::1'), '2001:db8:0:7::/64');
  t.equal(addressKey('2001:0DB8:0000:0007:1:2:3:4'), '2001:db8:0:7::/64');
  t.equal(addressKey('::1'), '0:0:0:0::/64');
  t.equal(addressKey(''), '');
});

test('the peer is read as uWebSockets.js writes it', async (t) => {
  const request = { getHeader: () => '198.51.100.1' } as unknown as HttpRequest;
  const from = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return clientAddress({ getRemoteAddressAsText: () => bytes.buffer } as unknown as HttpResponse, request, trusted);
  };
  t.equal(from('203.0.113.5'), '203.0.113.5');
  t.equal(from('0000:0000:0000:0000:0000:ffff:cb00:7105'), '203.0.113.5');
  t.equal(from('0000:0000:0000:0000:0000:ffff:0a01:0203'), '198.51.100.1', 'a trusted proxy on a socket for both');
});
