/** An address is taken as people write it, and what is none is told. */
import { test } from 'tap';
import { streamUrl } from '../../../src/cli/send.ts';

test('an address becomes that of the stream', async (t) => {
  const stream = '/ws/video/stream?pipeline_id=yolo';
  const cases: Record<string, string> = {
    'localhost:8000': `ws://localhost:8000${stream}`,
    '10.0.0.7:9000': `ws://10.0.0.7:9000${stream}`,
    '[::1]:8000': `ws://[::1]:8000${stream}`,
    'gate.example': `ws://gate.example${stream}`,
    'ws://gate.example:8000': `ws://gate.example:8000${stream}`,
    'ws://gate.example:8000/#part': `ws://gate.example:8000${stream}`,
    'ws://gate.example:8000/': `ws://gate.example:8000${stream}`,
    'wss://gate.example': `wss://gate.example${stream}`,
    'http://gate.example': `ws://gate.example${stream}`,
    'https://gate.example': `wss://gate.example${stream}`,
    'HTTP://gate.example': `ws://gate.example${stream}`,
    'ws://gate.example/ws/video/stream': `ws://gate.example${stream}`,
    'wss://gate.example/behind/a/proxy': 'wss://gate.example/behind/a/proxy?pipeline_id=yolo',
    'ws://gate.example/ws/video/stream?pipeline_id=other&key=1':
      'ws://gate.example/ws/video/stream?pipeline_id=yolo&key=1',
  };
  for (const [text, url] of Object.entries(cases)) t.equal(streamUrl(text, 'yolo').href, url, text);
});

test('a pipeline’s name is encoded', async (t) => {
  t.equal(streamUrl('localhost', 'a b&c').searchParams.get('pipeline_id'), 'a b&c');
});

test('what is no address is told', async (t) => {
  for (const text of ['', 'ws://', 'http://:80', 'localhost:port']) {
    t.throws(() => streamUrl(text, 'yolo'), { name: 'SetupError', message: `--url "${text}" is not an address` }, text);
  }
});

test('another scheme is told', async (t) => {
  for (const text of ['ftp://gate.example', 'file:///tmp']) {
    t.throws(() => streamUrl(text, 'yolo'), { name: 'SetupError', message: `--url "${text}" must be ws:// or wss://` });
  }
});
