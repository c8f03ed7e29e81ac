/** Errors carry what the peer reads apart from what the log reads. */
import { test } from 'tap';
import { FrameError, httpErrors, SetupError, streamErrors } from '../../src/errors.ts';

test('a frame error has the usual detail of its code unless it is given one', async (t) => {
  t.match(new FrameError('invalid_frame'), { code: 'invalid_frame', detail: 'Not a valid JPEG image' });
  t.match(new FrameError('pipeline_failure', 'YOLO inference failed'), {
    name: 'FrameError',
    detail: 'YOLO inference failed',
    message: 'pipeline_failure: YOLO inference failed',
  });
});

test('a frame error keeps its cause', async (t) => {
  const cause = new Error('inside');
  t.equal(new FrameError('internal_error', undefined, { cause }).cause, cause);
});

test('a setup error is one line for each fault', async (t) => {
  const error = new SetupError(['one', 'two']);
  t.equal(error.message, 'one\ntwo');
  t.same(error.faults, ['one', 'two']);
  t.equal(error.name, 'SetupError');
});

test('codes of the stream and of plain requests do not overlap', async (t) => {
  const shared = Object.keys(httpErrors).filter((code) => code in streamErrors);
  t.same(shared, []);
});

test('no usual detail looks like a path', async (t) => {
  for (const { detail } of [...Object.values(streamErrors), ...Object.values(httpErrors)]) t.notMatch(detail, /[/\\]/);
});
