/** OpenCV is loaded once per thread, for any number of concurrent or later calls. */
import { test } from 'tap';
import { loadOpenCv } from '../../../src/tools/opencv.ts';

test('concurrent calls return the same module', async (t) => {
  const [one, other] = await Promise.all([loadOpenCv(), loadOpenCv()]);
  t.ok(one.cv === other.cv);
});

test('a later call returns the same module', async (t) => {
  const [one, later] = [await loadOpenCv(), await loadOpenCv()];
  t.ok(one.cv === later.cv);
});

test('has the functions that the tools need', async (t) => {
  const { cv } = await loadOpenCv();
  const source = cv.matFromArray(2, 2, cv.CV_8UC1, [10, 20, 200, 250]);
  const result = new cv.Mat();
  cv.threshold(source, result, 100, 255, cv.THRESH_BINARY);
  t.same([...result.data], [0, 0, 255, 255]);
  source.delete();
  result.delete();
  for (const name of ['findContours', 'minAreaRect', 'adaptiveThreshold', 'cvtColor'] as const) {
    t.type(cv[name], 'function', name);
  }
});
