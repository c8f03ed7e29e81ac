/** The stream's path is appended to an address that ends with a slash; any other path is used as is. */
import { test } from 'tap';
import { streamUrl } from '../../../src/client/stream-url.ts';
import { streamAddresses } from '../../support/stream-addresses.ts';

test('the stream URL of an address', async (t) => {
  for (const [address, url] of Object.entries(streamAddresses)) t.equal(streamUrl(address, 'yolo').href, url, address);
});

test('a stream URL is not changed', async (t) => {
  for (const url of Object.values(streamAddresses)) t.equal(streamUrl(url, 'yolo').href, url);
});

test('a URL argument is not modified', async (t) => {
  const base = new URL('http://gate.example/prefix/');
  t.equal(streamUrl(base, 'yolo').href, 'ws://gate.example/prefix/ws/video/stream?pipeline_id=yolo');
  t.equal(base.href, 'http://gate.example/prefix/');
});

test('a pipeline’s name is encoded', async (t) => {
  t.equal(streamUrl('ws://gate.example', 'a b&c').searchParams.get('pipeline_id'), 'a b&c');
});

test('a camera’s name replaces that of the address; without one, that is kept', async (t) => {
  const url = 'ws://gate.example/?camera=old';
  t.equal(streamUrl(url, 'yolo', 'Tor 3').searchParams.get('camera'), 'Tor 3');
  t.equal(streamUrl(url, 'yolo').searchParams.get('camera'), 'old');
});

test('an invalid address is rejected', async (t) => {
  for (const address of ['', 'no address', 'gate.example:8000', 'ftp://gate.example', 'httpx://gate.example']) {
    t.throws(() => streamUrl(address, 'yolo'), TypeError, address);
  }
});
