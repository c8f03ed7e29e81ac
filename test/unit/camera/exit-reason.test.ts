/** ffmpeg's last lines are summarized in one clear line. The lines are from ffmpeg 5.1. */
import { test } from 'tap';
import { exitReasonOf } from '../../../src/camera/exit-reason.ts';
import type { Source } from '../../../src/camera/source.ts';

const program = 'ffmpeg';
const source: Source = { kind: 'rtsp', text: 'rtsp://admin:secret@cam/live', shown: 'rtsp://admin:***@cam/live' };

for (const [lines, detail, retryable] of [
  [
    [
      '[rtsp @ 0x55] [error] method DESCRIBE failed: 401 Unauthorized',
      '[error] rtsp://admin:secret@cam/live: Server returned 401 Unauthorized (authorization failed)',
    ],
    /^401 Unauthorized/,
    'no',
  ],
  [
    ['[tcp @ 0x5] [error] Connection to tcp://127.0.0.1:9?timeout=0 failed: Connection refused'],
    /^Connection refused$/,
    'yes',
  ],
  [
    ['[tcp @ 0x5] [error] Failed to resolve hostname nohost.invalid: Name or service not known'],
    /cannot be resolved/,
    'yes',
  ],
  [['[video4linux2,v4l2 @ 0x5] [error] ioctl(VIDIOC_STREAMON): Device or resource busy'], /busy/, 'yes'],
  [
    ['[video4linux2,v4l2 @ 0x5] [error] Cannot open video device /dev/video0: No such file or directory'],
    /^No such file/,
    'yes',
  ],
  [["[mov @ 0x5] [error] Format not on whitelist 'mjpeg,avi'"], /not a video/, 'limited'],
  [['[error] clip.mp4: Invalid data found when processing input'], /not a video/, 'limited'],
  [['[error] rtsp://admin:secret@cam/live: Something new about secret'], /^Something new about \*\*\*$/, 'yes'],
  [[], /^stream ended$/, 'yes'],
] as const) {
  test(`${lines.at(-1) ?? 'no output'} is reported as ${detail}`, async (t) => {
    const reason = exitReasonOf(lines, source, { program, code: 0 });
    t.match(reason.detail, detail);
    t.equal(reason.retryable, retryable);
    t.notMatch(reason.detail, /secret|0x5|\[/);
  });
}

test('a long line from a malicious server is cut, and control characters are removed', async (t) => {
  const { detail } = exitReasonOf([`[error] \x1b[2J${'x'.repeat(5000)}`], source, { program, code: 1 });
  t.ok(detail.length < 200);
  t.notOk(detail.includes('\x1b'));
});

for (const line of [
  `[error] ${source.text}: `,
  '[error] \x1b\x07',
  '[mjpeg @ 0x5] [error] ',
  '[fatal] : ',
  '[warning] only a warning',
]) {
  test(`${JSON.stringify(line)} has no information, so the exit is reported`, async (t) => {
    t.equal(exitReasonOf([line], source, { program, code: 0 }).detail, 'stream ended');
    t.equal(exitReasonOf([line], source, { program, code: 1 }).detail, 'ffmpeg exited with code 1');
    t.equal(exitReasonOf([line], source, { program, code: undefined }).detail, 'ffmpeg was killed by a signal');
    const earlier = '[error] Something happened';
    t.equal(exitReasonOf([earlier, line], source, { program, code: 1 }).detail, 'Something happened');
  });
}
