/** Errors separate the text for the peer from the text for the log. */
import { test } from 'tap';
import { ConfigError, exitCodeOf, FrameError, httpErrors, StartError, streamErrors } from '../../src/errors.ts';

test('a frame error has the default detail of its code unless one is given', async (t) => {
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

test('a ConfigError has one line per issue', async (t) => {
  const error = new ConfigError(['one', 'two']);
  t.equal(error.message, 'one\ntwo');
  t.same(error.issues, ['one', 'two']);
  t.equal(error.name, 'ConfigError');
});

test('an issue stays one printable line, whatever it quotes', async (t) => {
  const { issues, message } = new ConfigError(['a\nb\x1b[31mc', 'x'.repeat(1000)]);
  t.equal(issues[0], 'a b [31mc');
  t.equal(issues[1], `${'x'.repeat(500)}…`);
  t.equal(message.split('\n').length, 2);
});

test('the first of many issues are listed, and the others counted', async (t) => {
  const { issues } = new ConfigError(Array.from({ length: 100_000 }, (_, index) => `issue ${index}`));
  t.equal(issues.length, 26);
  t.same(issues.slice(-2), ['issue 24', 'and 99975 more']);
});

test('codes of the stream and of plain HTTP requests do not overlap', async (t) => {
  const shared = Object.keys(httpErrors).filter((code) => code in streamErrors);
  t.same(shared, []);
});

test('no default detail looks like a path', async (t) => {
  for (const { detail } of [...Object.values(streamErrors), ...Object.values(httpErrors)]) t.notMatch(detail, /[/\\]/);
});

test('exit code 2 is for configuration only; a temporary cause anywhere in the chain is 1', async (t) => {
  t.equal(exitCodeOf(new ConfigError(['PORT'])), 2);
  t.equal(exitCodeOf(new ConfigError(['PORT'], { cause: new Error('x') })), 2);
  t.equal(exitCodeOf(new StartError(['memory'])), 1);
  const shortage = Object.assign(new Error('open'), { code: 'EMFILE' });
  t.equal(exitCodeOf(new ConfigError(['a.json'], { cause: new Error('x', { cause: shortage }) })), 1);
});
