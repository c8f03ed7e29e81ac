/** The metadata of a file leaves the formats that it can have. */
import { test } from 'tap';
import { namesLeftBy } from '../../../../src/models/yolo/format-hints.ts';
import { boxFormatNames, outputFormatNames } from '../../../../src/models/yolo/format-names.ts';

const withoutNms = "{'batch': 1, 'half': False, 'nms': False}";
const withNms = "{'batch': 1, 'half': False, 'nms': True}";

test('without metadata every format is possible', async (t) => {
  t.same(namesLeftBy({}, undefined), boxFormatNames);
  t.same(namesLeftBy({ names: "{0: 'a'}", stride: '32' }, undefined), boxFormatNames, 'v5 writes no more');
  t.same(namesLeftBy({ end2end: 'False', args: withoutNms }, undefined), boxFormatNames, 'no head');
});

test('an Ultralytics file says whether its boxes are picked', async (t) => {
  t.same(namesLeftBy({ head: 'Detect', args: withoutNms, end2end: 'False' }, undefined), ['ultralytics']);
  t.same(namesLeftBy({ head: 'Detect', args: withoutNms, end2end: 'True' }, undefined), ['end-to-end']);
  t.same(namesLeftBy({ head: 'Detect', args: withNms, end2end: 'False' }, undefined), ['end-to-end']);
  t.same(namesLeftBy({ args: withNms }, undefined), ['end-to-end'], 'before the head was written');
});

test('a head alone does not say whether NMS is applied', async (t) => {
  t.same(namesLeftBy({ head: 'Detect' }, undefined), boxFormatNames);
});

test('RT-DETR by Ultralytics has either of two formats', async (t) => {
  const names = ['detr-scores', 'detr-top-k'];
  t.same(namesLeftBy({ head: 'RTDETRDecoder', args: withoutNms }, undefined), names);
  t.same(namesLeftBy({ head: 'RTDETRDecoder', args: withoutNms, end2end: 'True' }, undefined), names);
});

test('model.json decides alone', async (t) => {
  for (const name of boxFormatNames) {
    t.same(namesLeftBy({ head: 'RTDETRDecoder', end2end: 'True', args: withNms }, name), [name]);
  }
  const classFormats = outputFormatNames.slice(boxFormatNames.length);
  t.same(classFormats, ['probabilities', 'logits']);
  for (const name of classFormats) t.same(namesLeftBy({}, name), [], 'a classifier has no boxes');
});
