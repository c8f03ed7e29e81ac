/** Text in boxes is recognized, tilted boxes are rectified first, and other boxes stay unchanged. */
import tap, { test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import { noMargin } from '../../../src/models/ocr/recognizers.ts';
import type { Detection } from '../../../src/protocol.ts';
import { ocrExtractText, regionAround } from '../../../src/tools/ocr-extract-text.ts';
import type { ToolInstance } from '../../../src/tools/tool.ts';
import { createCanvas } from '../../support/samples/canvas.ts';
import { drawText, measureText, turnedBox } from '../../support/samples/draw-text.ts';
import { renderPage } from '../../support/samples/render-text.ts';
import { toolContext } from '../../support/tool-context.ts';

/** Without `votes`, so the tool has no state. */
async function createTool(params: Record<string, unknown> = {}): Promise<ToolInstance> {
  return (await ocrExtractText.create(ocrExtractText.params.parse(params), toolContext(tap))) as ToolInstance;
}

/** Open until the tests end, so all tools share its model and none loads it again. */
const plain = await createTool();
tap.teardown(() => plain.close?.());

async function extract(detections: readonly Detection[], image: Image, params?: Record<string, unknown>) {
  const tool = params === undefined ? plain : await createTool(params);
  const { detections: found = [] } = await tool.run({ image, detections });
  if (tool !== plain) await tool.close?.();
  return found;
}

const size = 28;

/** Three words in a column, with a box around each. */
function words(): { image: Image; boxes: [Detection, Detection, Detection] } {
  const image = createCanvas(320, 240, [236, 234, 228]);
  const box = (text: string, y: number, label: string, score: number): Detection => {
    drawText(image, text, { x: 40, y, size });
    return Object.freeze({ x: 30, y: y - 8, w: measureText(text, size) + 20, h: size + 16, label, score });
  };
  return {
    image,
    boxes: [box('KX482BD', 30, 'plate', 0.5), box('CAMERA', 100, 'sign', 0.9), box('TRUCKS', 170, 'plate', 0.8)],
  };
}

/** One word rotated around the center of an image, with its quadrilateral and upright box. */
function turnedWord(text: string, angle: number, room = 10): { image: Image; box: Detection } {
  const image = createCanvas(340, 340, [236, 234, 228]);
  const w = measureText(text, size);
  const [corner] = turnedBox([170, 170], w, size, angle);
  drawText(image, text, { x: corner[0], y: corner[1], size, angle });
  const quad = turnedBox([170, 170], w + 2 * room, size + 2 * room, angle);
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { image, box: { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y, label: 'text', score: 0.9, quad } };
}

function textsOf(detections: readonly Detection[]): (string | undefined)[] {
  return detections.map(({ text }) => text);
}

test('adds text to each box, keeps all other fields and does not modify the input', async (t) => {
  const { image, boxes } = words();
  const found = await extract(Object.freeze(boxes), image);
  t.same(textsOf(found), ['KX482BD', 'CAMERA', 'TRUCKS']);
  found.forEach(({ text, text_score = 0, ...rest }, i) => {
    t.same(rest, boxes[i], `${text}`);
    t.ok(text_score > 0.8 && text_score <= 1, `score ${text_score}`);
  });
  t.notOk('text' in boxes[0]);
});

test('recognizes only boxes with the given labels', async (t) => {
  const { image, boxes } = words();
  const found = await extract(boxes, image, { labels: ['plate', 'bus'] });
  t.same(textsOf(found), ['KX482BD', undefined, 'TRUCKS']);
  t.equal(found[1], boxes[1], 'the other box is unchanged');
  t.same(await extract(boxes, image, { labels: ['bus'] }), boxes);
});

test('recognizes the boxes with the highest scores and returns all boxes in order', async (t) => {
  const { image, boxes } = words();
  t.same(textsOf(await extract(boxes, image, { max_boxes: 2 })), [undefined, 'CAMERA', 'TRUCKS']);
  const plates = await extract(boxes, image, { max_boxes: 1, labels: ['plate'] });
  t.same(textsOf(plates), [undefined, undefined, 'TRUCKS'], 'other labels do not count');
});

test('recognizes the whole image without a detections port, and nothing if it is empty', async (t) => {
  const image = createCanvas(180, 44, [236, 234, 228]);
  drawText(image, 'KX482BD', { x: 14, y: 8, size });
  const { text, text_score = 0, ...rest } = await plain.run({ image });
  t.equal(text, 'KX482BD');
  t.ok(text_score > 0.8);
  t.same(rest, {});
  t.same(await plain.run({ image, detections: [] }), { detections: [] });
});

test('rectifies a tilted box, whose upright box cannot be recognized', async (t) => {
  for (const angle of [-35, 30]) {
    const { image, box } = turnedWord('KX482BD', angle);
    const { quad, ...upright } = box;
    t.same(textsOf(await extract([box], image)), ['KX482BD'], `${angle}° with its corners`);
    t.not((await extract([upright], image))[0]?.text, 'KX482BD', `${angle}° without`);
    t.equal(quad?.length, 4);
  }
});

test('rotates vertical text, with or without a tilt', async (t) => {
  for (const angle of [80, 90]) {
    const { image, box } = turnedWord('KX482BD', angle);
    // As detectors return it: from the corner at the top left of the image, not of the text.
    const [a, b, c, d] = box.quad ?? turnedBox([0, 0], 0, 0, 0);
    t.same(textsOf(await extract([{ ...box, quad: [d, a, b, c] }], image)), ['KX482BD'], `${angle}°`);
  }
});

test('a margin restores edges that a tight box cuts off', async (t) => {
  const { image, box } = turnedWord('KX482BD', 0, -8);
  const { quad: _, ...upright } = box;
  t.not((await extract([upright], image))[0]?.text, 'KX482BD', 'tight');
  t.same(textsOf(await extract([upright], image, { margin: 1 })), ['KX482BD'], 'with a margin');
});

test('a tilted box grows along and across its text', async (t) => {
  const { image, box } = turnedWord('KX482BD', 30, -8);
  t.not((await extract([box], image))[0]?.text, 'KX482BD', 'tight');
  t.same(textsOf(await extract([box], image, { margin: 1 })), ['KX482BD'], 'with a margin');
});

test('a region grows by fractions of its size and is clipped to the image', async (t) => {
  const image = { width: 100, height: 60 };
  t.same(regionAround({ x: 20, y: 20, w: 30, h: 10 }, noMargin, image), { x: 20, y: 20, w: 30, h: 10 });
  t.same(regionAround({ x: 20, y: 20, w: 30, h: 10 }, { x: 0.2, y: 0.5 }, image), { x: 14, y: 15, w: 42, h: 20 });
  t.same(regionAround({ x: 2, y: 3, w: 30, h: 10 }, { x: 0.5, y: 0.5 }, image), { x: 0, y: 0, w: 47, h: 18 });
  t.same(regionAround({ x: 80, y: 50, w: 30, h: 20 }, { x: 0, y: 0.1 }, image), { x: 80, y: 48, w: 20, h: 12 });
  t.same(regionAround({ x: -50, y: -50, w: 500, h: 500 }, { x: 1, y: 1 }, image), { x: 0, y: 0, w: 100, h: 60 });
});

test('a region outside the image keeps one pixel and can be recognized', async (t) => {
  const image = { width: 100, height: 60 };
  t.same(regionAround({ x: -40, y: -40, w: 30, h: 20 }, noMargin, image), { x: 0, y: 0, w: 1, h: 1 });
  t.same(regionAround({ x: 400, y: 400, w: 30, h: 20 }, noMargin, image), { x: 99, y: 59, w: 1, h: 1 });
  t.same(regionAround({ x: 50, y: 30, w: 0, h: 0 }, { x: 1, y: 1 }, image), { x: 50, y: 30, w: 1, h: 1 });
  const outside = [-500, 500].map((x): Detection => ({ x, y: x, w: 30, h: 20, label: 'text', score: 0.5 }));
  const found = await extract(outside, createCanvas(100, 60, [200, 200, 200]));
  t.same(
    found.map(({ text }) => typeof text),
    ['string', 'string'],
  );
});

test('tesseract recognizes boxes, and pages line by line', async (t) => {
  const tool = await createTool({ engine: 'tesseract' });
  t.teardown(() => tool.close?.());
  t.match(tool.models, [{ name: 'tesseract-eng', provider: 'wasm' }]);
  const { image, boxes } = words();
  const { detections = [] } = await tool.run({ image, detections: boxes });
  t.same(textsOf(detections), ['KX482BD', 'CAMERA', 'TRUCKS']);
  const lines = ['INVOICE 2024 07', 'TOTAL 1284.50', 'THANK YOU'];
  const page = await tool.run({ image: renderPage(lines, { width: 480, height: 260, size: 24 }) });
  t.equal(page.text, lines.join('\n'));
  t.ok((page.text_score ?? 0) > 0.8);
  t.same(textsOf(page.detections ?? []), lines);
});

test('validates params and names the wrong one', async (t) => {
  const { params } = ocrExtractText;
  t.same(params.parse({}), { engine: 'ctc', model: 'pp-ocrv4', max_boxes: 32 });
  t.match(params.safeParse({ engines: 'ctc' }).error?.message, /Unrecognized key: .*engines/);
  t.match(params.safeParse({ engine: 'easyocr' }).error?.message, /ctc.*tesseract/);
  for (const wrong of [{ labels: [] }, { margin: 2 }, { margin: -1 }, { max_boxes: 0 }, { max_boxes: 1.5 }]) {
    t.notOk(params.safeParse(wrong).success, JSON.stringify(wrong));
  }
});

test('a missing recognizer is an issue before anything is loaded', async (t) => {
  const params = ocrExtractText.params.parse({ model: 'mine' });
  const context = toolContext(t);
  t.same(ocrExtractText.check?.(params, context), ['model file /nowhere/mine/model.onnx does not exist']);
  t.same(ocrExtractText.check?.(ocrExtractText.params.parse({}), context), []);
});
