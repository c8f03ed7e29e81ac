/** An address that ends with a slash is a base, any other path is the stream's own. */
import { test } from 'tap';
import { streamUrl } from '../../../src/client/stream-url.ts';
import { streamAddresses } from '../../support/stream-addresses.ts';

test('an address becomes that of the stream', async (t) => {
  for (const [address, url] of Object.entries(streamAddresses)) t.equal(streamUrl(address, 'yolo').href, url, address);
});

test('the address of a stream stays what it is', async (t) => {
  for (const url of Object.values(streamAddresses)) t.equal(streamUrl(url, 'yolo').href, url);
});

test('an address that is a URL already is not changed itself', async (t) => {
  const base = new URL('http://gate.example/prefix/');
  t.equal(streamUrl(base, 'yolo').href, 'ws://gate.example/prefix/ws/video/stream?pipeline_id=yolo');
  t.equal(base.href, 'http://gate.example/prefix/');
});

test('a pipeline’s name is encoded', async (t) => {
  t.equal(streamUrl('ws://gate.example', 'a b&c').searchParams.get('pipeline_id'), 'a b&c');
});

test('what is no address of a gateway is refused', async (t) => {
  for (const address of ['', 'no address', 'gate.example:8000', 'ftp://gate.example', 'httpx://gate.example']) {
    t.throws(() => streamUrl(address, 'yolo'), TypeError, address);
  }
});
