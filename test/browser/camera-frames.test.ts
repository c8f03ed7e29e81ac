/** Frames of videos, canvases and cameras in a real browser, sent to a real gateway. Skipped without Chromium. */
import { type Test, test } from 'tap';
import { buildSite, findChromium, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';

const chromium = findChromium();
const options = chromium === undefined ? { skip: 'Chromium not found in PATH or CHROMIUM' } : {};

const allScenes = ['canvas', 'offscreen', 'video', 'camera', 'narrow', 'still', 'closed'];
const modernScenes = allScenes.join(',');
/** Scenes that work without OffscreenCanvas. */
const oldScenes = allScenes.filter((name) => name !== 'offscreen' && name !== 'still').join(',');

/** Runs scenes of the page against a gateway with one worker thread. */
async function runScenes(t: Test, scenes: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const gateway = await startGateway({ POOL_WORKERS: '1', ALLOWED_ORIGINS: '*' });
  t.teardown(() => gateway.kill());
  const query = { scenes, gateway: gateway.httpUrl, ...more };
  const reports = (await openPage(chromium ?? '', await buildSite('camera.ts'), query)) as Record<string, unknown>;
  t.equal(reports['error'], undefined);
  return reports;
}

interface Seen {
  readonly colorError: number;
}

/** Report for a source of this size: twelve results, one picture per result, and nothing sent after the end. */
function expectedReport(width: number, height: number) {
  const size = `${width}x${height}`;
  return { results: 12, sizes: [size], pictureSizes: [size], picturesWithResult: 12, sentAfterStop: 0 };
}

for (const [kind, scenes] of [
  ['a modern', modernScenes],
  ['an older', oldScenes],
] as const) {
  test(`${kind} browser sends every kind of source and passes on each picture with its index`, options, async (t) => {
    const reports = await runScenes(t, scenes, kind === 'an older' ? { oldScenes: '1' } : {});
    for (const name of ['canvas', 'offscreen', 'video']) {
      if (scenes.includes(name)) t.match(reports[name], expectedReport(160, 120), name);
    }
    t.match(reports['camera'], expectedReport(320, 240), 'camera');
    t.match(reports['narrow'], expectedReport(80, 60), 'narrow');
    for (const name of ['canvas', 'video', 'narrow']) {
      const { colorError } = reports[name] as Seen;
      t.ok(colorError >= 0 && colorError < 12, `${name}: color error ${colorError}`);
    }
    t.equal(reports['closed'], 'settled');
    if (scenes.includes('still')) {
      const frames = reports['still'] as number;
      t.ok(frames >= 1 && frames <= 3, `${frames} frames of a still video`);
    }
  });
}

/** A stall of the machine spoils one run and says nothing about the pacing, so try again. */
const maxAttempts = 3;

test('with a gateway that handles 10 fps, a camera uses its capacity with less than 10 % drops', options, async (t) => {
  for (let attempt = 1; ; attempt++) {
    const { overload } = await runScenes(t, 'overload');
    const { answeredFps, dropRate, roundTripMs } = overload as Record<
      'answeredFps' | 'dropRate' | 'roundTripMs',
      number
    >;
    const seen = `${answeredFps.toFixed(1)} fps, ${(100 * dropRate).toFixed(1)} % dropped, ${roundTripMs.toFixed(0)} ms a round trip`;
    t.comment(seen);
    const isPaced = answeredFps > 600 / roundTripMs && dropRate < 0.1;
    if (!isPaced && attempt < maxAttempts) continue;
    t.ok(isPaced, seen);
    return;
  }
});
