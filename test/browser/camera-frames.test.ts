/** Pictures of videos, canvases and cameras in a real browser, sent to a real gateway. Skipped where there is no Chromium. */
import { type Test, test } from 'tap';
import { findChromium, openPage, siteOf } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';

const chromium = findChromium();
const options = chromium === undefined ? { skip: 'there is no Chromium on the path, nor in CHROMIUM' } : {};

const all = ['canvas', 'offscreen', 'video', 'camera', 'narrow', 'still', 'closed'];
const modern = all.join(',');
/** Without OffscreenCanvas there is none to send. */
const old = all.filter((name) => name !== 'offscreen' && name !== 'still').join(',');

/** Runs scenes of the page against a gateway with one worker. */
async function play(t: Test, scenes: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  const query = { scenes, gateway: gateway.httpUrl, ...more };
  const reports = (await openPage(chromium ?? '', await siteOf('camera.ts'), query)) as Record<string, unknown>;
  t.equal(reports['error'], undefined);
  return reports;
}

interface Seen {
  readonly colorError: number;
}

/** A source of this size: twelve results of it, a picture handed out for each, and nothing after the end. */
function expected(width: number, height: number) {
  const size = `${width}x${height}`;
  return { results: 12, sizes: [size], pictureSizes: [size], answeredPictures: 12, sentAfterStop: 0 };
}

for (const [kind, scenes] of [
  ['a modern', modern],
  ['an older', old],
] as const) {
  test(`${kind} browser sends every kind of source, and hands each picture out with its index`, options, async (t) => {
    const reports = await play(t, scenes, kind === 'an older' ? { old: '1' } : {});
    for (const name of ['canvas', 'offscreen', 'video']) {
      if (scenes.includes(name)) t.match(reports[name], expected(160, 120), name);
    }
    t.match(reports['camera'], expected(320, 240), 'camera');
    t.match(reports['narrow'], expected(80, 60), 'narrow');
    for (const name of ['canvas', 'video', 'narrow']) {
      const { colorError } = reports[name] as Seen;
      t.ok(colorError >= 0 && colorError < 12, `${name}: the colour is off by ${colorError}`);
    }
    t.equal(reports['closed'], 'settled');
    if (scenes.includes('still')) {
      const frames = reports['still'] as number;
      t.ok(frames >= 1 && frames <= 3, `${frames} frames of a video that does not move`);
    }
  });
}

/** A machine that stalls for a second spoils a play of eight, and says nothing about the pace. */
const maxPlays = 3;

test('a camera before a gateway for 10 fps: its capacity is used, less than 10 % is dropped', options, async (t) => {
  for (let plays = 1; ; plays++) {
    const { overload } = await play(t, 'overload');
    const { answeredFps, dropRate, roundTripMs } = overload as Record<
      'answeredFps' | 'dropRate' | 'roundTripMs',
      number
    >;
    const seen = `${answeredFps.toFixed(1)} fps, ${(100 * dropRate).toFixed(1)} % dropped, ${roundTripMs.toFixed(0)} ms a round trip`;
    t.comment(seen);
    const isPaced = answeredFps > 600 / roundTripMs && dropRate < 0.1;
    if (!isPaced && plays < maxPlays) continue;
    t.ok(isPaced, seen);
    return;
  }
});
