/** `framegate send` with files, folders, a rate, and invalid arguments. */
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { startFakeGateway } from '../support/fake-gateway.ts';
import { runCli, shippedModels, spawnCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());
const url = `ws://127.0.0.1:${gateway.port}`;

/** Files `1.jpg` to `3.jpeg`, 10, 20 and 30 pixels wide, and others that must be ignored. */
function imagesFolder(t: Test): string {
  const folder = t.testdir();
  writeFileSync(join(folder, '1.jpg'), encodeGradient(10, 8));
  writeFileSync(join(folder, '2.JPG'), encodeGradient(20, 8));
  writeFileSync(join(folder, '3.jpeg'), encodeGradient(30, 8));
  writeFileSync(join(folder, 'notes.txt'), 'not an image');
  mkdirSync(join(folder, 'inner'));
  return folder;
}

function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('the files of a folder are sent in order of name, with one JSON line per reply and exit code 0', async (t) => {
  const folder = imagesFolder(t);
  const { code, stdout, stderr } = await runCli(['send', folder, '--url', url, '--pipeline', 'echo']);
  t.equal(code, 0);
  t.equal(stderr, '', 'no progress bar without a terminal');
  t.match(linesOf(stdout), [
    { file: join(folder, '1.jpg'), frame_index: 0, result: { width: 10 } },
    { file: join(folder, '2.JPG'), frame_index: 1, result: { width: 20 } },
    { file: join(folder, '3.jpeg'), frame_index: 2, result: { width: 30 } },
  ]);
});

test('files are sent in the given order, and short and full addresses work', async (t) => {
  const folder = imagesFolder(t);
  const files = [join(folder, '3.jpeg'), join(folder, '1.jpg')];
  for (const address of [url.replace('ws://', ''), `${url.replace('ws:', 'http:')}/ws/video/stream`]) {
    const { code, stdout } = await runCli(['send', ...files, '-u', address, '-p', 'echo']);
    t.equal(code, 0, address);
    t.match(linesOf(stdout), [{ result: { width: 30 } }, { result: { width: 10 } }]);
  }
});

test('a reader that has seen enough ends it without a stack trace', async (t) => {
  const child = spawnCli(['send', '--sample', '--url', url, '-p', 'slow']);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout?.once('data', () => child.stdout?.destroy());
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
  t.equal(stderr, '');
});

test('with --fps every file is sent once, and a dropped frame exits with code 1', async (t) => {
  const folder = imagesFolder(t);
  const quick = await runCli(['send', folder, '--url', url, '-p', 'slower', '--fps', '1000']);
  t.equal(quick.code, 1);
  const replies = linesOf(quick.stdout).filter((line) => 'frame_index' in line);
  t.strictSame(replies.map((line) => line['frame_index'] as number).sort(), [0, 1, 2]);
  t.ok(replies.some((line) => line['dropped'] === true));
});

test('without --fps a dropped frame is sent again, and every reply is printed with its file', async (t) => {
  const folder = imagesFolder(t);
  const dropping = await startFakeGateway(t, {
    frame: ({ index, socket, drop, result }) => {
      if (index === 1) socket.send('{"warning":"slow_down"}');
      if (index === 1 || index === 2) drop();
      else result();
    },
  });
  const { code, stdout } = await runCli(['send', folder, '--url', dropping.url.href]);
  t.equal(code, 0);
  t.match(linesOf(stdout), [
    { file: join(folder, '1.jpg'), frame_index: 0, result: {} },
    { warning: 'slow_down' },
    { file: join(folder, '2.JPG'), frame_index: 1, dropped: true },
    { file: join(folder, '2.JPG'), frame_index: 2, dropped: true },
    { file: join(folder, '2.JPG'), frame_index: 3, result: {} },
    { file: join(folder, '3.jpeg'), frame_index: 4, result: {} },
  ]);
});

for (const rate of [[], ['--fps', '1000']]) {
  test(`a lost connection is reported in one line, exit code 1 ${rate.join(' ')}`, async (t) => {
    const closing = await startFakeGateway(t, { frame: ({ socket }) => socket.close(1012) });
    const { code, stdout, stderr } = await runCli(['send', imagesFolder(t), '--url', closing.url.href, ...rate]);
    t.equal(code, 1);
    t.equal(stdout, '');
    t.equal(stderr, 'Connection closed (1012)\n');
    t.equal(closing.sockets.length, 1, 'it does not reconnect');
  });
}

test('with --fps the command ends at the last reply, not at a timeout', async (t) => {
  const child = spawnCli(['send', imagesFolder(t), '--url', url, '-p', 'echo', '--fps', '2']);
  let lastReplyAtMs = 0;
  child.stdout?.on('data', () => {
    lastReplyAtMs = performance.now();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  t.equal(code, 0);
  const lingeredMs = performance.now() - lastReplyAtMs;
  // With a missing reply it would wait ten seconds; here all have arrived.
  t.ok(lingeredMs < 6000, `ended ${Math.round(lingeredMs)} ms after the last reply`);
});

test('the error for an unknown pipeline is printed as received, exit code 1', async (t) => {
  const { code, stdout, stderr } = await runCli(['send', imagesFolder(t), '--url', url, '--pipeline', 'nope']);
  t.equal(code, 1);
  t.strictSame(linesOf(stdout), [{ error: 'invalid_pipeline', detail: 'Unknown pipeline_id: nope' }]);
  t.notMatch(stderr, /^\s+at /m, 'no stack trace');
});

test('the error for an invalid image is printed as received, exit code 1', async (t) => {
  const { code, stdout } = await runCli(['send', join(imagesFolder(t), 'notes.txt'), '--url', url, '-p', 'echo']);
  t.equal(code, 1);
  t.match(linesOf(stdout), [{ error: 'invalid_frame', detail: 'Not a valid JPEG image: no SOI; the file is text' }]);
});

test('--sample sends the built-in frames, and the included models read the plates that name the files', async (t) => {
  const shipped = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
  t.teardown(() => shipped.kill());
  const { code, stdout } = await runCli(['send', '--sample', '--url', `ws://127.0.0.1:${shipped.port}`]);
  t.equal(code, 0);
  const replies = linesOf(stdout).map(({ file, result }) => ({ file: String(file), result }));
  t.equal(replies.length, 8);
  for (const { file, result } of replies) {
    t.ok(existsSync(file), file);
    t.match(result, { width: 640, height: 480, detections: [{ label: 'plate', text: basename(file, '.jpg') }] }, file);
  }
});

for (const [what, args, line] of [
  ['no file', () => [], /^framegate: specify JPEG files or folders, or --sample for the built-in frames\n$/],
  [
    '--sample with files',
    (folder: string) => [folder, '--sample'],
    /^framegate: use either --sample or files, not both\n$/,
  ],
  ['a folder without images', (folder: string) => [join(folder, 'inner')], /^framegate: no JPEG file in .*inner\n$/],
  ['a missing file', (folder: string) => [join(folder, '4.jpg')], /^framegate: .*4\.jpg does not exist\n$/],
  ['an invalid address', (folder: string) => [folder, '--url', 'ws://:x'], /^framegate: --url "ws:\/\/:x" /],
  ['an unsupported scheme', (folder: string) => [folder, '--url', 'ftp://a'], /^framegate: --url "ftp:\/\/a" must/],
  ['an unreachable gateway', (folder: string) => [folder, '--url', 'ws://127.0.0.1:9'], /^framegate: cannot reach/],
] as const) {
  test(`${what} is reported in one line, exit code 2`, async (t) => {
    const { code, stdout, stderr } = await runCli(['send', ...args(imagesFolder(t))]);
    t.equal(code, 2);
    t.equal(stdout, '');
    t.equal(stderr.trim().split('\n').length, 1, stderr);
    t.match(stderr, line);
  });
}

for (const fps of ['0', 'fast']) {
  test(`--fps "${fps}" is rejected by name`, async (t) => {
    const { code, stderr } = await runCli(['send', 'x.jpg', '--fps', fps]);
    t.equal(code, 2);
    t.match(stderr, /--fps.*It must be a number above 0\./);
  });
}
