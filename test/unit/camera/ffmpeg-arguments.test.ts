/** Command lines per kind of source; no source can inject an option or another protocol. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'tap';
import { type PlaybackOptions, playArguments, probeArguments } from '../../../src/camera/ffmpeg-arguments.ts';
import { readSource, type Source } from '../../../src/camera/source.ts';

const version = { major: 5, minor: 1 };

function sourceOf(text: string): Source {
  const read = readSource(text);
  if (!read.ok) throw new Error(read.issue);
  return read.source;
}

function play(source: Source, more: Partial<PlaybackOptions> = {}): string {
  return playArguments({ source, mode: 'pictures', capture: {}, version, stallTimeoutMs: 10_000, ...more }).join(' ');
}

test('an RTSP camera uses TCP by default, and only RTSP protocols are allowed', async (t) => {
  const source = sourceOf('rtsp://u:p@host/live');
  t.match(
    play(source),
    /-rtsp_transport tcp .*-timeout 20000000 .*-protocol_whitelist rtsp,rtp,srtp,udp,tcp,tls .*-i rtsp:/,
  );
  t.match(play(source, { capture: { rtspTransport: 'udp' } }), /-rtsp_transport udp/);
  t.match(play(source, { version: { major: 4, minor: 4 } }), / -stimeout 20000000 .*-vsync 0/);
  t.match(play(source), /-fps_mode passthrough/);
});

test('an HTTP stream cannot open files or playlists', async (t) => {
  const line = play(sourceOf('http://host/video'));
  t.match(line, /-rw_timeout 20000000 -protocol_whitelist http,https,httpproxy,tcp,tls -format_whitelist \S+ -i http:/);
  t.notMatch(/-format_whitelist (\S+)/.exec(line)?.[1] ?? '', /hls|dash|concat|sdp|image2|lavfi/);
});

test('a recording over HTTP plays at its own rate, a live stream is not delayed', async (t) => {
  const source = sourceOf('http://host/clip.mp4');
  t.match(play(source, { isRecording: true }), / -re .*-i http:/);
  t.match(play(source), /-flags low_delay .*-i http:/);
  t.notMatch(play(source), / -re /);
});

test('bare JPEGs over HTTP are not probed, and a stream without timestamps gets wall-clock ones', async (t) => {
  const source = sourceOf('http://host/video');
  t.match(play(source, { isJpegs: true }), / -f mjpeg -i http:/);
  t.match(
    probeArguments({ source, capture: {}, version, stallTimeoutMs: 1000, isJpegs: true }).join(' '),
    / -f mjpeg -i http:/,
  );
  t.notMatch(play(source), / -f mjpeg /);
  t.match(play(source, { hasNoTimestamps: true }), / -use_wallclock_as_timestamps 1 .*-i http:/);
  t.notMatch(play(source), /wallclock/);
});

test('standard input is not rate-limited, and no address is opened', async (t) => {
  const line = play(sourceOf('http://host/snapshot.jpg'), { isPiped: true, capture: { fps: 5, width: 320 } });
  t.match(line, / -protocol_whitelist pipe -f mpjpeg -i pipe:0 .*scale=w=min\(320/);
  t.notMatch(line, /http:|select=/);
});

test('a device is opened for JPEGs at the requested rate, or in its default format', async (t) => {
  const source = sourceOf('/dev/video0');
  t.match(
    play(source, { mode: 'copy', capture: { fps: 15 } }),
    /-f v4l2 -input_format mjpeg -framerate 15 -i \/dev\/video0/,
  );
  t.match(play(source, { deviceHasJpeg: false }), /-f v4l2 -i \/dev\/video0/);
  t.match(
    probeArguments({ source, capture: {}, version, stallTimeoutMs: 1000 }).join(' '),
    /-input_format mjpeg -i \/dev\/video0/,
  );
});

test('JPEGs pass through without a filter, raw frames are scaled and rate-limited', async (t) => {
  const source = sourceOf('http://host/video');
  t.match(play(source, { mode: 'copy' }), /-c:v copy -f mpjpeg -flush_packets 1 pipe:1$/);
  t.match(play(source), /scale=w=min\(1920\\,iw\):h=-1/);
  const size = { width: 3840, height: 2160 };
  t.match(play(source, { size }), /scale=1920:1080:force_original_aspect_ratio=decrease,pad=1920:1080/);
  t.match(play(source, { size, capture: { width: 3000 } }), /scale=3000:1688:/);
  t.match(
    play(source, { size: { width: 321, height: 241 }, capture: { width: 640 } }),
    /scale=321:241:/,
    'never scaled up',
  );
  t.match(play(source, { capture: { fps: 5 } }), /-vf select=.*gte\(t-prev_selected_t\\,0.180000\)/);
});

test('a file plays at its own rate, and repeats with loop', async (t) => {
  const path = join(t.testdir({ 'clip.mp4': '' }), 'clip.mp4');
  t.match(play(sourceOf(path)), / -re .*-protocol_whitelist file .*-i file:\//);
  t.notMatch(play(sourceOf(path)), /stream_loop|low_delay/);
  t.match(play(sourceOf(path), { capture: { loop: true } }), /-stream_loop -1 -re/);
});

for (const name of ['-i', '-f lavfi', 'concat:a|b', 'file:etc', 'pipe:0', 'a%03d.jpg', 'subfile,,start,0,end,9,,:x']) {
  test(`a file named ${name} is opened as a file`, async (t) => {
    const folder = t.testdir();
    writeFileSync(join(folder, name), '');
    const before = process.cwd();
    process.chdir(folder);
    t.teardown(() => process.chdir(before));
    const args = playArguments({ source: sourceOf(name), mode: 'copy', capture: {}, version, stallTimeoutMs: 1000 });
    t.equal(args[args.indexOf('-i') + 1], `file:${join(process.cwd(), name)}`);
    t.equal(args.filter((arg) => arg === '-i').length, 1);
  });
}

for (const text of [
  'ftp://host/x',
  'concat://a',
  'file:///etc/passwd',
  'rtsp://',
  'http://:x',
  '',
  'a\nb',
  'rtsp://h/\x1b[2J',
]) {
  test(`${JSON.stringify(text)} is not a source`, async (t) => t.equal(readSource(text).ok, false));
}

test('a folder and a missing file are not sources', async (t) => {
  t.match(readSource(t.testdir()), { ok: false, issue: /is not a file/ });
  t.match(readSource(join(t.testdir(), 'x')), { ok: false, issue: /does not exist/ });
});

test('any address is a single argument after -i', async (t) => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), (address) => {
      const args = playArguments({
        source: sourceOf(address),
        mode: 'copy',
        capture: {},
        version,
        stallTimeoutMs: 1000,
      });
      return args.filter((arg) => arg === address).length === 1 && args[args.indexOf('-i') + 1] === address;
    }),
  );
  t.pass();
});

const ffmpegRuns = await new Promise<boolean>((resolve) =>
  execFile('ffmpeg', ['-version'], (error) => resolve(error === null)),
);

test('the installed ffmpeg accepts every option', { skip: ffmpegRuns ? false : 'needs ffmpeg' }, async (t) => {
  const path = join(t.testdir({ 'clip.mp4': 'no video' }), 'clip.mp4');
  const sources = ['rtsp://127.0.0.1:9/x', 'http://127.0.0.1:9/x', '/dev/video99', path].map(sourceOf);
  for (const source of sources) {
    const args = playArguments({
      source,
      mode: 'pictures',
      capture: { fps: 5, width: 64 },
      version,
      stallTimeoutMs: 1000,
    });
    const log = await new Promise<string>((resolve) => execFile('ffmpeg', args, (_, __, stderr) => resolve(stderr)));
    t.notMatch(log, /Unrecognized option|not found\.|Error splitting|Error parsing/, log);
    t.match(log, /Connection refused|No such file|Invalid data/, log);
  }
});
