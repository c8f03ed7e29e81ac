/** Tesseract's thread may fail or die: the job fails, and the next has a thread again. */
import { once } from 'node:events';
import type { Worker as NodeThread } from 'node:worker_threads';
import tap, { type Test, test } from 'tap';
import { PSM } from 'tesseract.js';
import { renderPage, toGray } from '../../../src/samples/render-text.ts';
import { TesseractThread } from '../../../src/tools/tesseract-thread.ts';

/** Every thread that was started, the latest last. */
const started: NodeThread[] = [];
const remember = (thread: NodeThread) => void started.push(thread);
process.on('worker', remember);
tap.teardown(() => process.off('worker', remember));

const page = toGray(renderPage(['GATE 4172'], { width: 240, height: 90, size: 28 }));
const picture = Buffer.concat([Buffer.from(`P5\n${page.width} ${page.height}\n255\n`), page.data]);
const job = { mode: PSM.AUTO, picture, options: {}, places: false };

async function createThread(t: Test): Promise<{ thread: TesseractThread; inner: NodeThread }> {
  const thread = await TesseractThread.create();
  t.teardown(() => thread.close());
  return { thread, inner: started.at(-1) as NodeThread };
}

test('a picture is read', async (t) => {
  const { thread } = await createThread(t);
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('a job whose thread dies fails, and the next is read on another thread', async (t) => {
  const { thread, inner } = await createThread(t);
  const doomed = thread.recognize(job);
  inner.terminate();
  await t.rejects(doomed, { message: 'the tesseract thread has ended' });
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
  t.not(started.at(-1), inner);
});

test('a thread that dies between two jobs is replaced', async (t) => {
  const { thread, inner } = await createThread(t);
  await thread.recognize(job);
  await inner.terminate();
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('an error of the thread fails the job with that error and ends no process', async (t) => {
  const { thread, inner } = await createThread(t);
  const doomed = thread.recognize(job);
  inner.emit('error', new Error('out of memory'));
  await t.rejects(doomed, { message: 'out of memory' });
  await inner.terminate();
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('bytes that are no picture are an error, and the thread lives on', async (t) => {
  const { thread, inner } = await createThread(t);
  // Its header promises more pixels than there are.
  await t.rejects(thread.recognize({ ...job, picture: picture.subarray(0, 40) }), { name: 'Error', message: /image/ });
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
  t.equal(started.at(-1), inner);
});

test('language data that is not there is an error, not a wait for ever', async (t) => {
  await t.rejects(TesseractThread.create('/nowhere'), { name: 'Error', message: /nowhere.*eng\.traineddata/ });
  await started.at(-1)?.terminate();
});

test('closing waits until the thread has gone', async (t) => {
  const thread = await TesseractThread.create();
  const inner = started.at(-1) as NodeThread;
  const gone = once(inner, 'exit');
  await thread.close();
  t.equal(inner.threadId, -1);
  await gone;
  await thread.close();
});
