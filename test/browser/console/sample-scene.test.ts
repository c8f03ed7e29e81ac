/** Every plate of the sample scene is recognized by the included models, and nothing else is. Skipped without Chromium. */
import tap, { test } from 'tap';
import { plateTexts } from '../../../src/web/traffic.ts';
import { buildSite, findChromium, openPage } from '../../support/browser.ts';
import { shippedModels, startGateway } from '../../support/gateway.ts';
import type { Moment } from '../page/sample-scene.ts';
import { needsBrowser } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

interface Reply {
  readonly result: { readonly detections: readonly { readonly text: string }[] };
}

/** The recognized texts of a data URL, in alphabetical order. A plate that enters or fades may be found, but has none. */
async function textsIn(jpeg: string): Promise<string[]> {
  const body = Buffer.from(jpeg.slice(jpeg.indexOf(',') + 1), 'base64');
  const headers = { 'content-type': 'image/jpeg' };
  const reply = await fetch(`${gateway.httpUrl}/frames?pipeline_id=yolo_ocr`, { method: 'POST', headers, body });
  const { result } = (await reply.json()) as Reply;
  const texts = result.detections.map(({ text }) => text).filter((text) => text !== '');
  return texts.sort();
}

test('the plates of a whole cycle are recognized correctly, and nothing else is', needsBrowser, async (t) => {
  const moments = (await openPage(findChromium() ?? '', await buildSite('sample-scene.ts'))) as Moment[];
  const seen = new Set<string>();
  for (const { timeMs, jpeg, cars } of moments) {
    const shown = cars.filter(({ showsPlate }) => showsPlate).map(({ text }) => text);
    t.strictSame(await textsIn(jpeg), shown.sort(), `after ${timeMs} ms`);
    for (const text of shown) seen.add(text);
  }
  t.strictSame([...seen].sort(), [...plateTexts].sort());
});
