/** Flags and the `--sources` file become plans, and every issue is reported with its location. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { type CameraFlags, planCameras } from '../../../src/cli/camera-sources.ts';
import { ConfigError } from '../../../src/errors.ts';

const flags: CameraFlags = { pipeline: 'yolo_ocr', url: '127.0.0.1:8000', stallTimeout: 10 };

function fileOf(t: Test, content: unknown): string {
  const path = join(t.testdir(), 'cameras.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function issuesOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

test("a camera's own options override the command's flags", async (t) => {
  const sources = fileOf(t, [
    {
      name: 'front',
      source: 'rtsp://u:secret@cam/live',
      fps: 5,
      pipeline: 'yolo',
      rtsp_transport: 'udp',
      stall_timeout: 3,
    },
    { source: 'http://cam/video', reconnect: false, url: 'ws://other:9' },
  ]);
  const { plans } = planCameras(['/dev/video0'], { ...flags, sources, width: 640 });
  t.match(plans, [
    { name: '/dev/video0', pipeline: 'yolo_ocr', width: 640, reconnects: true, stallTimeoutMs: 10_000 },
    { name: 'front', pipeline: 'yolo', fps: 5, width: 640, rtspTransport: 'udp', stallTimeoutMs: 3000 },
    { name: 'camera 3', reconnects: false },
  ]);
  t.equal(plans[1]?.url.href, 'ws://127.0.0.1:8000/ws/video/stream?pipeline_id=yolo&camera=front');
  t.equal(plans[2]?.url.host, 'other:9');
});

test('the gateway gets the name of a camera, or its host or file without a password', async (t) => {
  const sources = fileOf(t, [{ source: 'rtsp://u:secret@nvr:554/user=a_password=b', name: 'gate' }]);
  const clip = join(t.testdirName, 'clip.mp4');
  writeFileSync(clip, '');
  const recorder = 'rtsp://u:secret@nvr:554/channel';
  const { plans } = planCameras([`${recorder}1`, `${recorder}2`, clip, '/dev/video0'], { ...flags, sources });
  const named = plans.map(({ url }) => url.searchParams.get('camera'));
  t.strictSame(named, ['nvr:554', 'nvr:554 #2', 'clip.mp4', '/dev/video0', 'gate']);
  const own = planCameras([recorder], { ...flags, url: 'ws://gate.example/?camera=own' }).plans;
  t.equal(own[0]?.url.searchParams.get('camera'), 'own');
});

test('--name names the only source', async (t) => {
  t.match(planCameras(['http://cam/v'], { ...flags, name: 'Tor 3' }).plans, [{ name: 'Tor 3' }]);
  t.match(
    issuesOf(() => planCameras(['http://cam/v', 'http://cam/w'], { ...flags, name: 'gate' })),
    [/--name applies to one source/],
  );
  t.match(
    issuesOf(() => planCameras(['http://cam/v'], { ...flags, name: '\x1b[2J' })),
    [/^--name: must be printable/],
  );
});

test('by default live sources reconnect and files do not', async (t) => {
  const clip = join(t.testdir({ 'clip.mp4': '' }), 'clip.mp4');
  const planned = (more: Partial<CameraFlags>) =>
    planCameras(['http://cam/v', clip], { ...flags, ...more }).plans.map(({ reconnects }) => reconnects);
  t.strictSame(planned({}), [true, false]);
  t.strictSame(planned({ reconnect: false }), [false, false]);
  t.strictSame(planned({ reconnect: true, loop: true }), [true, false]);
});

test('an unusable camera does not affect the others; if all are unusable, it is an error', async (t) => {
  const { plans, unusable } = planCameras(['http://cam/v', 'missing.mp4'], flags);
  t.equal(plans.length, 1);
  t.match(unusable, [{ name: 'camera 2', issue: 'missing.mp4 does not exist' }]);
  t.strictSame(
    issuesOf(() => planCameras(['missing.mp4'], flags)),
    ['missing.mp4 does not exist'],
  );
  t.match(
    issuesOf(() => planCameras([], flags)),
    [/no source given/],
  );
});

for (const [what, content, issue] of [
  ['invalid JSON', '[{"source": "rtsp://u:secret@cam"', /cameras\.json is not valid JSON$/],
  ['no list', { source: 'http://cam' }, /cameras\.json: Invalid input: expected array/],
  ['an empty list', [], /cameras\.json: /],
  ['no source', [{ name: 'a' }], /cameras\.json: 0\.source: /],
  ['an unknown key', [{ source: 'http://cam', frames: 5 }], /cameras\.json: 0: Unrecognized key: "frames"/],
  ['a bad rate', [{ source: 'http://cam', fps: 0 }], /0\.fps: /],
  ['a rate in quotes', [{ source: 'http://cam', fps: '5' }], /0\.fps: .*expected number/],
  ['a bad transport', [{ source: 'http://cam', rtsp_transport: 'pigeon' }], /0\.rtsp_transport: /],
  ['a name that moves the cursor', [{ source: 'http://cam', name: '\x1b[2J' }], /0\.name: must be printable/],
  ['too many', Array.from({ length: 65 }, () => ({ source: 'http://cam' })), /cameras\.json: /],
  [
    'a name twice',
    [
      { name: 'a', source: 'http://cam/1' },
      { name: 'a', source: 'http://cam/2' },
    ],
    /duplicate camera name "a"/,
  ],
  ['a loop of a live source', [{ source: 'http://cam', loop: true }], /--loop applies to files only/],
  ['an invalid address', [{ source: 'http://cam', url: 'ws://:x' }], /--url "ws:\/\/:x" is not an address/],
] as const) {
  test(`a file with ${what} is reported with its location`, async (t) => {
    const issues = issuesOf(() => planCameras([], { ...flags, sources: fileOf(t, content) }));
    t.equal(issues.length, 1, issues.join('\n'));
    t.match(issues[0], issue);
    t.notMatch(issues[0], /secret/);
  });
}

test('a missing file is reported with its name', async (t) => {
  t.match(
    issuesOf(() => planCameras([], { ...flags, sources: '/nowhere/c.json' })),
    [/c\.json cannot be read \(ENOENT\)/],
  );
});

test('a file that is too large is not read to its end', async (t) => {
  const large = fileOf(t, ' '.repeat(1_048_577));
  t.match(
    issuesOf(() => planCameras([], { ...flags, sources: large })),
    [/cameras\.json is larger than 1 MB$/],
  );
});

test('the deprecated key "silence" means "stall_timeout", with one warning for the file', async (t) => {
  const sources = fileOf(t, [
    { source: 'rtsp://cam/1', silence: 3 },
    { source: 'rtsp://cam/2', silence: 4 },
  ]);
  const written = t.capture(process.stderr, 'write', () => true);
  const { plans } = planCameras([], { ...flags, sources });
  t.match(plans, [{ stallTimeoutMs: 3000 }, { stallTimeoutMs: 4000 }]);
  t.strictSame(
    written().map(({ args }) => args[0]),
    [`framegate: ${sources}: "silence" is deprecated; use "stall_timeout"\n`],
  );
});
