/** `framegate bench` against a real gateway, and all usage errors. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import type { LoadReport } from '../../src/load/report.ts';
import { runCli, spawnCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { eventually, idle, readiness } from '../support/vital-signs.ts';

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());
const url = `ws://127.0.0.1:${gateway.port}`;

/** Creates a folder with a small JPEG, one with an invalid JPEG, and an empty one. */
function makeFrameFolders(t: Test): string {
  const folder = t.testdir();
  mkdirSync(join(folder, 'good'));
  writeFileSync(join(folder, 'good', '1.jpg'), encodeGradient(16, 8));
  mkdirSync(join(folder, 'bad'));
  writeFileSync(join(folder, 'bad', '1.jpg'), 'not a JPEG');
  mkdirSync(join(folder, 'empty'));
  return folder;
}

/** A short run against the gateway. */
async function bench(t: Test, pipeline: string, ...flags: string[]): Promise<LoadReport> {
  const frames = join(makeFrameFolders(t), 'good');
  const short = ['--duration', '1', '--warmup', '0', '--frames', frames, '--json'];
  const { code, stdout, stderr } = await runCli(['bench', '--url', url, '-p', pipeline, ...short, ...flags]);
  t.equal(stderr, '', 'no output besides the object');
  t.equal(code, 0, stdout);
  t.equal(stdout.trim().split('\n').length, 1);
  return JSON.parse(stdout) as LoadReport;
}

test('--json prints one object with all results and the server usage', async (t) => {
  const report = await bench(t, 'echo', '--cameras', '4', '--fps', '10');
  const { offered, sent, results, dropped, errors, unanswered } = report;
  t.strictSame([offered, sent, errors, unanswered], [40, 40, 0, 0]);
  t.equal(results + dropped, 40);
  t.ok(results > 0);
  t.equal(report.per_camera.length, 4);
  t.ok((report.latency_ms.p50 ?? 0) > 0);
  if (process.platform === 'linux') {
    t.strictSame(report.server?.pids, [gateway.pid]);
    t.ok((report.server?.rss_bytes ?? 0) > 10e6);
  }
  await idle(gateway);
});

test('an overloaded gateway drops frames and sends slow_down, and every frame is accounted for', async (t) => {
  // Load for four workers on two workers that take 20 ms per frame.
  const report = await bench(t, 'blocking', '--cameras', '8', '--fps', '25', '--phase', 'aligned', '--threads', '2');
  t.strictSame([report.offered, report.sent], [200, 200]);
  t.equal(report.results + report.dropped, 200);
  t.ok(report.dropped > 50 && report.results > 20, `${report.results} results, ${report.dropped} dropped`);
  t.ok(report.slow_down >= 8, 'each camera was warned');
  t.equal(report.generator.threads, 2);
});

test('a camera that does not read is disconnected, and the others are served', async (t) => {
  // 200 KB per reply fills the socket buffers within a second or two.
  const flags = ['--cameras', '1@5', '--slow-readers', '1@200', '--duration', '5'];
  const report = await bench(t, 'bulky', ...flags);
  t.equal(report.offered, 25);
  t.equal(report.errors + report.unanswered, 0);
  t.ok(report.results > 5, `${report.results} results`);
  t.equal(report.slow_readers?.results, 0);
  t.ok((report.slow_readers?.sent ?? 0) > 100);
  await idle(gateway);
});

test('sessions that end with an error are reported by code; a run with only errors fails', async (t) => {
  const frames = join(makeFrameFolders(t), 'good');
  const args = ['bench', '-u', url, '-p', 'failing', '-c', '2@10', '-d', '1', '--warmup', '0', '--frames', frames];
  const { code, stdout } = await runCli([...args, '--json']);
  t.equal(code, 1);
  const report = JSON.parse(stdout) as LoadReport;
  t.equal(report.results, 0);
  t.ok((report.error_codes['pipeline_failure'] ?? 0) >= 2);
  t.ok((report.closes['1011'] ?? 0) >= 2);
  t.equal(report.offered, report.errors + report.unanswered + report.dropped + report.not_sent);
});

test('without --json it prints tables, and no progress bar without a terminal', async (t) => {
  const frames = join(makeFrameFolders(t), 'good', '1.jpg');
  const args = ['bench', '-u', url, '-p', 'echo', '-c', '1@10,1@5', '-d', '1', '--warmup', '0.2', '--frames', frames];
  const { code, stdout, stderr } = await runCli(args);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(stdout, /^Running 1 s at ws:.*pipeline_id=echo \(warm-up 0\.2 s\)\n1 camera at 10 fps and 1 camera at 5 fps/);
  for (const word of ['Latency, ms', 'Frames', 'Group', 'Camera', 'fairness', 'slow_down', 'server', 'generator']) {
    t.ok(stdout.includes(word), word);
  }
});

test('without --frames it sends the built-in frames', async (t) => {
  const args = ['bench', '-u', url, '-p', 'echo', '-c', '1@10', '-d', '1', '--warmup', '0', '--json'];
  const { code, stdout } = await runCli(args);
  t.equal(code, 0);
  const { frames, per_second, results } = JSON.parse(stdout) as LoadReport;
  t.equal(frames.files, 8);
  t.ok(frames.mean_bytes > 30_000 && per_second.bytes_sent > 300_000);
  t.ok(results > 0, 'the gateway accepts them');
});

test('Ctrl-C ends the run early and prints the report', async (t) => {
  const frames = join(makeFrameFolders(t), 'good');
  const args = [
    'bench',
    '-u',
    url,
    '-p',
    'echo',
    '-c',
    '2@20',
    '-d',
    '600',
    '--warmup',
    '0',
    '--frames',
    frames,
    '--json',
  ];
  const child = spawnCli(args);
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const closed = once(child, 'close');
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.sessions === 2,
    'two cameras',
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  child.kill('SIGINT');
  // The signals of the terminal and the launcher arrive together.
  child.kill('SIGINT');
  const [code] = await closed;
  t.equal(code, 0);
  const report = JSON.parse(stdout) as LoadReport;
  t.ok(report.duration_s < 300 && report.results > 0, `${report.results} results in ${report.duration_s} s`);
});

for (const [what, args, code, line] of [
  ['an invalid address', () => ['--url', 'ws://:x'], 2, /^framegate: --url "ws:\/\/:x" is not an address\n$/],
  ['an unsupported URL scheme', () => ['--url', 'ftp://a'], 2, /^framegate: --url "ftp:\/\/a" must be/],
  [
    'invalid numbers',
    () => ['--fps', '0', '--cameras', '-3'],
    2,
    /^framegate: --fps "0" .*\nframegate: --cameras "-3" .*\n$/,
  ],
  ['a missing folder', (at: string) => ['--frames', join(at, 'no')], 2, /^framegate: .*no does not exist\n$/],
  ['an empty folder', (at: string) => ['--frames', join(at, 'empty')], 2, /^framegate: no JPEG file in .*empty\n$/],
  [
    'a file that is not a JPEG',
    (at: string) => ['--frames', join(at, 'bad')],
    2,
    /^framegate: .*1\.jpg is not a JPEG file\n$/,
  ],
  ['a device instead of a file', () => ['--frames', '/dev/zero'], 2, /^framegate: \/dev\/zero is not a file\n$/],
  [
    'an unreachable gateway',
    (at: string) => ['--frames', join(at, 'good'), '-u', '127.0.0.1:9'],
    1,
    /^framegate: cannot open a stream at ws:.*: connect ECONNREFUSED 127\.0\.0\.1:9\n$/,
  ],
  [
    'an unknown pipeline',
    (at: string) => ['--frames', join(at, 'good'), '-u', url, '-p', 'nope'],
    1,
    /^framegate: cannot open a stream at ws:.*: invalid_pipeline: Unknown pipeline_id: nope\n$/,
  ],
] as const) {
  test(`${what} is reported in one line with exit code ${code}`, async (t) => {
    const finished = await runCli(['bench', '--json', ...args(makeFrameFolders(t))]);
    t.equal(finished.code, code);
    t.equal(finished.stdout, '');
    t.match(finished.stderr, line);
    t.notMatch(finished.stderr, /^\s+at /m, 'no stack');
  });
}
