/** If the tesseract thread fails or dies, the running job fails and the next one gets a new thread. */
import { once } from 'node:events';
import type { Worker as NodeThread } from 'node:worker_threads';
import tap, { type Test, test } from 'tap';
import { PSM } from 'tesseract.js';
import { TesseractThread } from '../../../src/tools/tesseract-thread.ts';
import { renderPage, toGray } from '../../support/samples/render-text.ts';

/** All threads that were started, the latest last. */
const started: NodeThread[] = [];
const remember = (thread: NodeThread) => void started.push(thread);
process.on('worker', remember);
tap.teardown(() => process.off('worker', remember));

const page = toGray(renderPage(['GATE 4172'], { width: 240, height: 90, size: 28 }));
const encoded = Buffer.concat([Buffer.from(`P5\n${page.width} ${page.height}\n255\n`), page.data]);
const job = { mode: PSM.AUTO, encoded, options: {}, withBlocks: false };

async function createThread(t: Test): Promise<{ thread: TesseractThread; inner: NodeThread }> {
  const thread = await TesseractThread.create();
  t.teardown(() => thread.close());
  return { thread, inner: started.at(-1) as NodeThread };
}

test('recognizes an image', async (t) => {
  const { thread } = await createThread(t);
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('a job fails if its thread dies, and the next job runs on a new thread', async (t) => {
  const { thread, inner } = await createThread(t);
  const doomed = thread.recognize(job);
  inner.terminate();
  await t.rejects(doomed, { message: 'tesseract thread exited' });
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
  t.not(started.at(-1), inner);
});

test('a thread that dies between two jobs is restarted', async (t) => {
  const { thread, inner } = await createThread(t);
  await thread.recognize(job);
  await inner.terminate();
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('an error of the thread rejects the job with that error and does not end the process', async (t) => {
  const { thread, inner } = await createThread(t);
  const doomed = thread.recognize(job);
  inner.emit('error', new Error('out of memory'));
  await t.rejects(doomed, { message: 'out of memory' });
  await inner.terminate();
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
});

test('bytes that are not an image are an error, and the thread keeps running', async (t) => {
  const { thread, inner } = await createThread(t);
  // The header declares more pixels than the file has.
  await t.rejects(thread.recognize({ ...job, encoded: encoded.subarray(0, 40) }), { name: 'Error', message: /image/ });
  t.equal((await thread.recognize(job)).text.trim(), 'GATE 4172');
  t.equal(started.at(-1), inner);
});

test('missing language data is an error, not a hang', async (t) => {
  await t.rejects(TesseractThread.create('/nowhere'), { name: 'Error', message: /nowhere.*eng\.traineddata/ });
  await started.at(-1)?.terminate();
});

test('close waits for the thread to exit', async (t) => {
  const thread = await TesseractThread.create();
  const inner = started.at(-1) as NodeThread;
  const exited = once(inner, 'exit');
  await thread.close();
  t.equal(inner.threadId, -1);
  await exited;
  await thread.close();
});
