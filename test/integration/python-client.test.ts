/** A client in another language that shares no code with the gateway: Python's `websockets`, if installed. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { replaceIn, snippetsOf } from '../support/page-snippets.ts';

const run = promisify(execFile);

/** Why these tests cannot run here; `undefined` if they can. */
async function missing(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import websockets.asyncio.client']);
    return undefined;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    return code === 'ENOENT' ? 'there is no python3' : (stderr.trim().split('\n').at(-1) ?? 'python3 fails');
  }
}

const reason = await missing();
const options = reason === undefined ? {} : { skip: reason };

/** Sends its arguments (files, or `text:…`) in order, and prints every message and the close code. */
const script = `
import asyncio, json, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

async def main(url, things):
    messages = []
    code = None
    async with connect(url, max_size=None) as socket:
        try:
            for thing in things:
                await socket.send(thing[5:] if thing.startswith("text:") else open(thing, "rb").read())
                messages.append(await socket.recv())
            if not things:
                messages.append(await socket.recv())
            if "error" in json.loads(messages[-1]):
                await socket.recv()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
    print(json.dumps({"messages": messages, "code": code}))

asyncio.run(main(sys.argv[1], sys.argv[2:]))
`;

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

/** @returns what the Python client received. */
async function python(url: string, payloads: readonly string[]): Promise<{ messages: string[]; code: number | null }> {
  const { stdout } = await run('python3', ['-c', script, url, ...payloads]);
  return JSON.parse(stdout) as { messages: string[]; code: number | null };
}

test('frames are answered in order', options, async (t) => {
  const path = join(t.testdir(), 'frame.jpg');
  writeFileSync(path, encodeGradient(64, 48));
  const { messages, code } = await python(gateway.streamUrl('echo'), [path, path, path]);
  t.match(
    messages.map((message) => JSON.parse(message) as unknown),
    [0, 1, 2].map((index) => ({ frame_index: index, result: { width: 64, height: 48 } })),
  );
  t.equal(code, null);
});

test('an unknown pipeline is reported as JSON before the close', options, async (t) => {
  t.strictSame(await python(gateway.streamUrl('none'), []), {
    messages: ['{"error":"invalid_pipeline","detail":"Unknown pipeline_id: none"}'],
    code: 1008,
  });
});

test('a text message is reported as JSON before the close', options, async (t) => {
  t.strictSame(await python(gateway.streamUrl('echo'), ['text:hello']), {
    messages: ['{"error":"invalid_message","detail":"Expected binary frame payload"}'],
    code: 1003,
  });
});

test('the Python lines of docs/getting-started/first-frame.md recognize a plate', options, async (t) => {
  const shipped = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
  t.teardown(() => shipped.kill());
  const [code = ''] = snippetsOf('docs/getting-started/first-frame.md', 'python');
  const lines = replaceIn(
    code,
    'ws://127.0.0.1:8000/ws/video/stream?pipeline_id=yolo_ocr',
    shipped.streamUrl('yolo_ocr'),
  );
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await run('python3', ['-c', lines], { cwd: root });
  t.match(stdout, /"text":"AB123CD"/);
});
