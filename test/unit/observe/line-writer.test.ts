/** A writer with a full, broken or recovering descriptor: nothing is thrown, and the loss is counted and reported once, in its place. */
import { test } from 'tap';
import { LineWriter } from '../../../src/observe/line-writer.ts';
import { eventually } from '../../support/vital-signs.ts';

/** A descriptor with room for this many bytes, or one that fails with a code. */
class Descriptor {
  text = '';
  room = Number.POSITIVE_INFINITY;
  failure: string | undefined;
  calls = 0;

  readonly write = (bytes: Uint8Array): number => {
    this.calls += 1;
    if (this.failure !== undefined) throw Object.assign(new Error(this.failure), { code: this.failure });
    const taken = Math.min(this.room, bytes.length);
    if (taken === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    this.room -= taken;
    this.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  };
}

function writerTo(descriptor: Descriptor, maxBufferedBytes?: number): LineWriter {
  return new LineWriter({
    write: descriptor.write,
    describeDropped: (lines) => `lost ${lines}\n`,
    ...(maxBufferedBytes === undefined ? {} : { maxBufferedBytes }),
  });
}

test('lines are written immediately', async (t) => {
  const descriptor = new Descriptor();
  const writer = writerTo(descriptor);
  writer.write('one\n');
  writer.write('two ü\n');
  t.equal(descriptor.text, 'one\ntwo ü\n');
});

test('lines without room are buffered in order, even partial ones, and written when the reader is back', async (t) => {
  const descriptor = new Descriptor();
  const writer = writerTo(descriptor);
  descriptor.room = 6;
  for (const line of ['one\n', 'two\n', 'three\n']) writer.write(line);
  t.equal(descriptor.text, 'one\ntw');
  descriptor.room = Number.POSITIVE_INFINITY;
  await eventually(
    () => descriptor.text,
    (text) => text === 'one\ntwo\nthree\n',
    'all lines',
  );
});

test('above the limit, lines are dropped and their number is reported once, before the next line', async (t) => {
  const descriptor = new Descriptor();
  const writer = writerTo(descriptor, 12);
  descriptor.room = 0;
  for (let index = 0; index < 10; index++) writer.write(`no ${index}\n`);
  t.equal(descriptor.text, '');
  descriptor.room = Number.POSITIVE_INFINITY;
  await eventually(
    () => descriptor.text,
    (text) => text.includes('lost'),
    'the loss',
  );
  writer.write('after\n');
  t.equal(descriptor.text, 'no 0\nno 1\nlost 8\nafter\n');
});

test('an error throws nothing, is not retried per line, and is reported when it is over', async (t) => {
  const tryWith = async (code: string) => {
    const descriptor = new Descriptor();
    const writer = writerTo(descriptor);
    descriptor.failure = code;
    for (let index = 0; index < 1000; index++) writer.write(`no ${index}\n`);
    t.ok(descriptor.calls < 10, `${descriptor.calls} calls after ${code}`);
    descriptor.failure = undefined;
    const read = () => descriptor.text;
    await eventually(read, (text) => text === 'lost 1000\n', `the loss after ${code}`);
  };
  await Promise.all(['ENOSPC', 'EPIPE', 'EBADF', 'EIO'].map(tryWith));
});

test('a line cut off by an error is terminated before the loss is reported', async (t) => {
  const descriptor = new Descriptor();
  const writer = writerTo(descriptor);
  descriptor.room = 3;
  writer.write('12345\n');
  descriptor.failure = 'ENOSPC';
  descriptor.room = Number.POSITIVE_INFINITY;
  const { calls } = descriptor;
  await eventually(
    () => descriptor.calls,
    (seen) => seen > calls,
    'another attempt',
  );
  descriptor.failure = undefined;
  writer.flush();
  t.equal(descriptor.text, '123\nlost 1\n');
});

test('a flush waits for a slow reader, and gives up without one', async (t) => {
  const descriptor = new Descriptor();
  const writer = writerTo(descriptor);
  descriptor.room = 0;
  writer.write('last words\n');
  writer.flush();
  t.equal(descriptor.text, '', 'without a reader the process can exit');
  const refusing = descriptor.write;
  let refusals = 2;
  const slow = new LineWriter({
    write: (bytes) => {
      descriptor.room = refusals-- > 0 ? 0 : Number.POSITIVE_INFINITY;
      return refusing(bytes);
    },
    describeDropped: String,
  });
  slow.write('last words\n');
  slow.flush();
  t.equal(descriptor.text, 'last words\n');
});
