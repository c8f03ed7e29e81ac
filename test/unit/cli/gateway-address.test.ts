/** `--url` accepts common forms of an address, and reports invalid ones. */
import { test } from 'tap';
import { streamUrlOf, withCameraName } from '../../../src/cli/gateway-address.ts';
import { streamAddresses } from '../../support/stream-addresses.ts';

test('an address is parsed like in the client library', async (t) => {
  for (const [text, url] of Object.entries(streamAddresses)) t.equal(streamUrlOf(text, 'yolo').href, url, text);
});

test('ws:// may be omitted, and case does not matter', async (t) => {
  const stream = '/ws/video/stream?pipeline_id=yolo';
  const cases: Record<string, string> = {
    'localhost:8000': `ws://localhost:8000${stream}`,
    '10.0.0.7:9000': `ws://10.0.0.7:9000${stream}`,
    '[::1]:8000': `ws://[::1]:8000${stream}`,
    'gate.example': `ws://gate.example${stream}`,
    'gate.example/prefix/': `ws://gate.example/prefix${stream}`,
    'HTTP://gate.example': `ws://gate.example${stream}`,
  };
  for (const [text, url] of Object.entries(cases)) t.equal(streamUrlOf(text, 'yolo').href, url, text);
});

test('a camera gets a name unless the address has one', async (t) => {
  const named = (text: string) => withCameraName(streamUrlOf(text, 'yolo'), 'gate').searchParams.getAll('camera');
  t.strictSame(named('gate.example'), ['gate']);
  t.strictSame(named('ws://gate.example/?camera=yard'), ['yard']);
});

test('an invalid address is reported', async (t) => {
  for (const text of ['', 'ws://', 'http://:80', 'localhost:port']) {
    const message = `--url "${text}" is not an address`;
    t.throws(() => streamUrlOf(text, 'yolo'), { name: 'ConfigError', message }, text);
  }
});

test('another scheme is reported', async (t) => {
  for (const text of ['ftp://gate.example', 'file:///tmp', 'httpx://gate.example']) {
    const message = `--url "${text}" must be ws:// or wss://`;
    t.throws(() => streamUrlOf(text, 'yolo'), { name: 'ConfigError', message }, text);
  }
});
