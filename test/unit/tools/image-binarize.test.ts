/** Images are binarized with a global or a local threshold. */
import tap, { type Test, test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import { imageBinarize } from '../../../src/tools/image-binarize.ts';
import { loadOpenCv } from '../../../src/tools/opencv.ts';
import { createCanvas, shade } from '../../support/samples/canvas.ts';
import { renderPage, toGray } from '../../support/samples/render-text.ts';
import { toolContext } from '../../support/tool-context.ts';

async function binarize(image: Image, params: Record<string, unknown> = {}): Promise<Image> {
  const tool = await imageBinarize.create(imageBinarize.params.parse(params), toolContext(tap));
  const { image: result } = await tool.run({ image });
  if (result === undefined) throw new Error('no image was returned');
  return result;
}

/** A grayscale image whose levels depend only on the column. */
function columns(width: number, height: number, levelAt: (x: number) => number): Image {
  const data = Uint8Array.from({ length: width * height }, (_, i) => levelAt(i % width));
  return { width, height, channels: 1, data };
}

function rowOf({ data, width }: Image, row: number): number[] {
  return [...data.subarray(row * width, (row + 1) * width)];
}

/** Fraction of pixels that are equal in both. */
function agreement(one: Image, other: Image): number {
  let same = 0;
  for (let i = 0; i < one.data.length; i++) if (one.data[i] === other.data[i]) same += 1;
  return same / one.data.length;
}

test('otsu separates a dark half from a light one at any levels', async (t) => {
  for (const [dark, light] of [
    [40, 180],
    [10, 30],
    [200, 240],
  ] as const) {
    const result = await binarize(
      columns(8, 3, (x) => (x < 4 ? dark : light)),
      { method: 'otsu' },
    );
    t.same(rowOf(result, 1), [0, 0, 0, 0, 255, 255, 255, 255], `${dark} and ${light}`);
  }
});

test('adaptive blackens pixels that are darker than their neighborhood by more than the offset', async (t) => {
  const bar = columns(41, 20, (x) => (x === 20 ? 80 : 200));
  // The mean of 5 columns with the bar among them is 176: the bar is 96 darker, its neighbors are lighter.
  const at = async (offset: number) => rowOf(await binarize(bar, { block_size: 5, offset, smooth: false }), 10);
  const expected = Array.from({ length: 41 }, (_, x) => (x === 20 ? 0 : 255));
  t.same(await at(15), expected);
  t.same(await at(95), expected);
  t.same(await at(97), new Array(41).fill(255), 'offset larger than the difference');
});

test('adaptive finds nothing on a uniform image or an even gradient', async (t) => {
  const blackPixels = async (image: Image) => (await binarize(image)).data.filter((value) => value === 0).length;
  t.equal(await blackPixels(columns(60, 40, () => 90)), 0);
  t.equal(await blackPixels(columns(100, 40, (x) => 50 + 2 * x)), 0);
});

test('smoothing removes camera noise, which would become black specks', async (t) => {
  const sheet = renderPage([], { width: 120, height: 80, size: 20, noise: 25, seed: 3 });
  const specks = async (smooth: boolean) =>
    (await binarize(sheet, { smooth })).data.filter((value) => value === 0).length;
  const [smoothed, raw] = [await specks(true), await specks(false)];
  t.ok(raw > 500 && smoothed < raw / 5, `${smoothed} of ${raw}`);
});

test('with strongly uneven light, adaptive keeps text that otsu loses', async (t) => {
  const lines = ['INVOICE 2024 07', 'TOTAL 1284.50', 'PAID BY CARD'];
  const page = renderPage(lines, { width: 400, height: 220, size: 22 });
  const truth = await binarize(page, { method: 'otsu' });
  shade(page, (x) => 1 - 0.8 * (x / page.width));
  const [adaptive, otsu] = [
    await binarize(page, { method: 'adaptive', offset: 8 }),
    await binarize(page, { method: 'otsu' }),
  ];
  t.ok(agreement(adaptive, truth) > 0.97, `adaptive ${agreement(adaptive, truth)}`);
  t.ok(agreement(otsu, truth) < 0.75, `otsu ${agreement(otsu, truth)}`);
});

test('converts RGB by brightness and uses grayscale unchanged', async (t) => {
  const color = createCanvas(9, 4, [0, 0, 255]);
  for (let i = 0; i < 36; i++) if (i % 9 >= 5) color.data.set([0, 255, 0], i * 3);
  t.same(rowOf(await binarize(color, { method: 'otsu' }), 2), [0, 0, 0, 0, 0, 255, 255, 255, 255], 'green is lighter');
  const page = renderPage(['GRAY'], { width: 120, height: 60, size: 20 });
  t.ok(agreement(await binarize(toGray(page)), await binarize(page)) > 0.99);
});

test('returns one black-and-white channel of the same size and leaves the source unchanged', async (t) => {
  const page = renderPage(['SOURCE'], { width: 131, height: 67, size: 20, noise: 20 });
  const before = page.data.slice();
  for (const method of ['adaptive', 'otsu']) {
    const result = await binarize(page, { method });
    t.match(result, { width: 131, height: 67, channels: 1 });
    t.same(
      [...new Set(result.data)].toSorted((a, b) => a - b),
      [0, 255],
    );
    t.equal(result.data.length, 131 * 67);
  }
  t.same(page.data, before);
});

test('a result is not changed by the next frame', async (t) => {
  const first = await binarize(
    columns(16, 8, (x) => (x < 4 ? 0 : 250)),
    { method: 'otsu' },
  );
  const before = first.data.slice();
  await binarize(
    columns(16, 8, (x) => (x < 12 ? 0 : 250)),
    { method: 'otsu' },
  );
  t.same(first.data, before);
});

test('the buffer may be longer than the image, as a reused one is', async (t) => {
  const image = columns(8, 3, (x) => (x < 4 ? 40 : 180));
  const longer = { ...image, data: Uint8Array.from([...image.data, ...new Array(100).fill(7)]) };
  t.same(await binarize(longer, { method: 'otsu' }), await binarize(image, { method: 'otsu' }));
});

test('accepts images smaller than the neighborhood, down to one pixel', async (t) => {
  for (const [width, height] of [
    [1, 1],
    [1, 50],
    [5, 3],
  ] as const) {
    const result = await binarize(columns(width, height, () => 128));
    t.ok(result.data.length === width * height && result.data.every((value) => value === 255), `${width}×${height}`);
  }
});

test('a hundred frames use no more OpenCV memory than one', async (t) => {
  const { cv } = await loadOpenCv();
  // If each frame leaked a matrix, the heap of 128 MiB would have to grow.
  const frame = createCanvas(1280, 720, [120, 130, 140]);
  const probe = () => {
    const mat = new cv.Mat(8, 8, cv.CV_8UC1);
    const { byteLength } = mat.data.buffer;
    mat.delete();
    return byteLength;
  };
  await binarize(frame, { method: 'otsu' });
  const before = probe();
  const tool = await imageBinarize.create(imageBinarize.params.parse({ method: 'otsu' }), toolContext(tap));
  for (let i = 0; i < 100; i++) await tool.run({ image: frame });
  await binarize(frame, { method: 'adaptive' });
  t.equal(probe(), before);
  t.ok(before < 100 * frame.data.length, `a leak would be larger than the heap of ${before} bytes`);
});

function refuses(t: Test, params: Record<string, unknown>, message: RegExp): void {
  const { success, error } = imageBinarize.params.safeParse(params);
  t.notOk(success, JSON.stringify(params));
  t.match(error?.message, message);
}

test('validates params: method, neighborhood size, unknown names', async (t) => {
  t.same(imageBinarize.params.parse({}), { method: 'adaptive', block_size: 51, offset: 15, smooth: true });
  refuses(t, { method: 'sauvola' }, /adaptive.*otsu/);
  refuses(t, { block_size: 30 }, /must be odd/);
  refuses(t, { block_size: 1 }, />=3/);
  refuses(t, { block_size: 257 }, /<=255/);
  refuses(t, { blocksize: 31 }, /Unrecognized key: .*blocksize/);
});
