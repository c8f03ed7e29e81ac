/** The figures of `npm run eval`, on results small enough to score by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { drawAnswer, marksOf } from '../../../bench/eval/draw.ts';
import { type Answer, editDistance, iou, score } from '../../../bench/eval/score.ts';
import { readPhotos } from '../../../bench/eval/truth.ts';
import { createCanvas } from '../../support/samples/canvas.ts';

const plate = { x: 10, y: 10, w: 40, h: 10, text: 'AB-12' };
const found = { x: 10, y: 10, w: 40, h: 10, label: 'plate', score: 0.9, text: 'ab12' };
const elsewhere = { x: 80, y: 80, w: 5, h: 5, label: 'plate', score: 0.5 };
const answer = (objects: Answer['objects'], detections: Answer['detections'], total = 1): Answer => ({
  ...{ objects, detections, timingsMs: { total } },
  ...{ group: '', width: 100 },
});

test('intersection over union of two boxes', async (t) => {
  t.equal(iou(plate, plate), 1);
  t.equal(iou(plate, { ...plate, x: 30 }), 1 / 3);
  t.equal(iou(plate, { ...plate, y: 20 }), 0);
});

test('edit distance counts insertions, deletions and replacements', async (t) => {
  t.equal(editDistance('', ''), 0);
  t.equal(editDistance('ABC', ''), 3);
  t.equal(editDistance('', 'AB'), 2);
  t.equal(editDistance('KITTEN', 'SITTING'), 3);
});

test('a perfect result scores one; punctuation and case in texts do not count', async (t) => {
  const report = score([answer([plate], [found])]);
  t.match(report, { photos: 1, objects: 1, recall50: 1, precision50: 1, ap50: 1, text_exact: 1, cer: 0 });
});

test('a missed object counts as wrong text, a detection elsewhere as a false positive', async (t) => {
  const report = score([answer([plate], [found]), answer([plate], [elsewhere]), answer([], [elsewhere, elsewhere])]);
  t.match(report, { photos: 3, objects: 2, empty_photos: 1, recall50: 0.5, precision50: 0.25, text_exact: 0.5 });
  t.equal(report.false_per_empty_photo, 2);
  t.equal(report.cer, 0.5);
});

test('an object matches once: a second box on it is a false positive', async (t) => {
  const report = score([answer([plate], [found, { ...found, score: 0.8 }])]);
  t.match(report, { recall50: 1, precision50: 0.5, ap50: 1 });
});

test('average precision falls when a false positive outranks a true one', async (t) => {
  const report = score([answer([plate], [{ ...elsewhere, score: 0.95 }, found])]);
  t.equal(report.ap50, 0.5);
});

test('stages are reported by median and 95th percentile', async (t) => {
  const times = Array.from({ length: 100 }, (_, index) => answer([], [], index + 1));
  t.same(score(times).stage_ms, { total: { median: 50, p95: 95 } });
});

test('groups and widths are scored on their own, and O counts as 0 and I as 1 beside the exact figure', async (t) => {
  const wide = { ...plate, w: 80, text: 'O1' };
  const report = score([
    { ...answer([plate], [found]), group: 'eu' },
    { ...answer([plate], []), group: 'eu' },
    { ...answer([wide], [{ ...found, w: 80, text: '0I' }]), group: 'br' },
    answer([], [elsewhere]),
  ]);
  t.same(Object.entries(report.groups), [
    ['br', { objects: 1, recall50: 1, text_exact: 0, text_alike: 1 }],
    ['eu', { objects: 2, recall50: 0.5, text_exact: 0.5, text_alike: 0.5 }],
  ]);
  t.same(Object.keys(report.widths), ['200 to 400', 'from 400'], '256 and 512 pixels of 640');
  t.match(report, { text_exact: 1 / 3, text_alike: 2 / 3 });
  t.same(score([answer([plate], [])]).groups, {}, 'names without a hyphen have no group');
});

test('letters with marks are letters', async (t) => {
  const report = score([answer([{ ...plate, text: 'TÜ 12' }], [{ ...found, text: 'TU12' }])]);
  t.equal(report.text_exact, 0);
});

test('drawings distinguish correct, misread, false and missed objects', async (t) => {
  const missed = { ...plate, y: 60, text: 'XY 9' };
  const misread = { ...found, y: 30, text: 'AB1Z' };
  const marks = marksOf([plate, { ...plate, y: 30 }, missed], [found, misread, elsewhere]);
  t.same(
    marks.map(({ text, box }) => [text.trim(), box.y]),
    [
      ['MISSED XY 9', 60],
      ['ab12 0.90', 10],
      ['AB1Z NOT AB-12 0.90', 30],
      ['FALSE  0.50', 80],
    ],
  );
  const [red, green] = [marks[0]?.color, marks[1]?.color];
  t.same(
    marks.map(({ color }) => color),
    [red, green, red, red],
  );
  t.not(red, green);
  const { text: _, ...unread } = found;
  t.equal(marksOf([plate], [unread])[0]?.color, green, 'a pipeline without recognition is not wrong');
});

test('drawing leaves the image inside a box unchanged, and accepts any text and position', async (t) => {
  const image = createCanvas(120, 100, [10, 20, 30]);
  drawAnswer(image, [], [{ x: 30, y: 40, w: 60, h: 30, label: 'plate', score: 0.9, text: '京A·1ß' }]);
  const at = (x: number, y: number) => [...image.data.subarray((y * 120 + x) * 3, (y * 120 + x) * 3 + 3)];
  t.same(at(60, 55), [10, 20, 30], 'inside');
  t.not(at(60, 40).join(), '10,20,30', 'on the edge');
  drawAnswer(image, [], [{ x: -500, y: 900, w: 2000, h: 5, label: 'plate', score: 1 }]);
});

function folderWith(t: Test, truth: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-photos-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const name of ['a.jpg', 'b.JPEG', 'notes.txt']) writeFileSync(join(folder, name), '');
  writeFileSync(join(folder, 'truth.tsv'), truth);
  return folder;
}

test('photographs without a line in truth.tsv are empty', async (t) => {
  const folder = folderWith(t, 'file\tx\ty\tw\th\ttext\na.jpg\t1\t2\t3\t4\tAB 1\na.jpg\t5\t6\t7\t8\tCD\n');
  t.same(readPhotos(folder), [
    {
      path: join(folder, 'a.jpg'),
      objects: [
        { x: 1, y: 2, w: 3, h: 4, text: 'AB 1' },
        { x: 5, y: 6, w: 7, h: 8, text: 'CD' },
      ],
    },
    { path: join(folder, 'b.JPEG'), objects: [] },
  ]);
});

test('errors in truth.tsv are reported with their line', async (t) => {
  t.throws(() => readPhotos(folderWith(t, 'file\tx\n')), /truth\.tsv:1: expected the columns file, x, y, w, h, text/);
  const header = 'file\tx\ty\tw\th\ttext\n';
  t.throws(() => readPhotos(folderWith(t, `${header}a.jpg\t1\t2\tthree\t4\tAB\n`)), /truth\.tsv:2: expected/);
  t.throws(() => readPhotos(folderWith(t, `${header}c.jpg\t1\t2\t3\t4\tAB\n`)), /names missing files: c\.jpg/);
});
