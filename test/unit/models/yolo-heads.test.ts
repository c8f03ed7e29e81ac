/** A YOLO output becomes boxes, and an output of another shape is refused with what was expected. */
import { test } from 'tap';
import { HeadDecoder, recogniseHead } from '../../../src/models/yolo-heads.ts';

const expected = 'expected [1, 4 + classes, boxes], as Ultralytics exports detectors without NMS';

function outputOf(...dims: (number | string)[]) {
  return { name: 'output0', type: 'float32', dims };
}

/** Boxes as columns, as the model gives them. */
function tensorOf(...boxes: number[][]): Float32Array {
  const rows = boxes[0]?.length ?? 0;
  return Float32Array.from({ length: rows * boxes.length }, (_, at) => {
    return boxes[at % boxes.length]?.[Math.floor(at / boxes.length)] as number;
  });
}

test('an output of four rows and one a class is a head', async (t) => {
  t.same(recogniseHead(outputOf(1, 84, 8400), 80), { layout: 'ultralytics', classes: 80 });
  t.same(recogniseHead(outputOf(1, 5, 2100), undefined), { layout: 'ultralytics', classes: 1 });
  t.same(recogniseHead(outputOf(1, 5, 'boxes'), 1), { layout: 'ultralytics', classes: 1 });
});

test('other shapes are refused with the shape and what was expected', async (t) => {
  const shapes = [
    outputOf(1, 4, 100),
    outputOf(1, 8400, 84),
    outputOf(2, 84, 8400),
    outputOf(84, 8400),
    outputOf(1, 'rows', 8400),
    outputOf('batch', 84, 8400),
    outputOf(1, 300, 6, 1),
    outputOf(),
  ];
  for (const shape of shapes) {
    const text = shape.dims.join(', ');
    t.same(recogniseHead(shape, undefined), { fault: `output output0 has shape [${text}]; ${expected}` }, text);
  }
});

test('an output that does not fit the names is refused with both numbers', async (t) => {
  t.same(recogniseHead(outputOf(1, 6, 100), 3), { fault: 'output output0 has 2 classes, but the model names 3' });
});

test('centre and size become corners, with the best class', async (t) => {
  const decoder = new HeadDecoder({ layout: 'ultralytics', classes: 3 }, 2);
  const found = decoder.decode(tensorOf([10, 20, 4, 8, 0.1, 0.2, 0.75], [50, 60, 10, 2, 0.5, 0.25, 0.5]), 2, 0.25);
  t.equal(found.count, 2);
  t.same([...found.x1], [8, 45]);
  t.same([...found.y1], [16, 59]);
  t.same([...found.x2], [12, 55]);
  t.same([...found.y2], [24, 61]);
  t.same([...found.score], [0.75, 0.5]);
  t.same([...found.classIndex], [2, 0], 'the first of two equal classes');
});

test('a score of exactly the threshold is enough', async (t) => {
  const decoder = new HeadDecoder({ layout: 'ultralytics', classes: 1 }, 3);
  const tensor = tensorOf([1, 1, 1, 1, 0.5], [2, 2, 2, 2, 0.4999], [3, 3, 2, 2, 0.501]);
  const found = decoder.decode(tensor, 3, 0.5);
  t.equal(found.count, 2);
  t.same([...found.x1.subarray(0, 2)], [0.5, 2]);
});

test('a score that is no number is no box', async (t) => {
  const decoder = new HeadDecoder({ layout: 'ultralytics', classes: 1 }, 1);
  t.equal(decoder.decode(tensorOf([1, 1, 1, 1, Number.NaN]), 1, 0).count, 0);
});

test('each call starts anew', async (t) => {
  const decoder = new HeadDecoder({ layout: 'ultralytics', classes: 1 }, 2);
  t.equal(decoder.decode(tensorOf([1, 1, 1, 1, 0.9], [2, 2, 1, 1, 0.9]), 2, 0.5).count, 2);
  const found = decoder.decode(tensorOf([9, 9, 2, 2, 0.9], [2, 2, 1, 1, 0.1]), 2, 0.5);
  t.equal(found.count, 1);
  t.equal(found.x1[0], 8);
});

test('more boxes than the decoder has room for do not overflow it', async (t) => {
  const decoder = new HeadDecoder({ layout: 'ultralytics', classes: 1 }, 1);
  t.equal(decoder.decode(tensorOf([1, 1, 1, 1, 0.9], [2, 2, 1, 1, 0.9]), 2, 0.5).count, 1);
});
