/** The executor of a frame: generation first, then the fit. */
import { test } from 'tap';
import { chooseExecutor } from '../../../src/pool/executor-choice.ts';

function executorOf(generation: number, free: number, ...pipelines: string[]) {
  return { generation, free, idleShare: free / 2, rank: 0, capacity: 2, pipelines: new Set(pipelines) };
}

test('only a free executor with the pipeline is chosen', async (t) => {
  const executors = [executorOf(1, 0, 'plates'), executorOf(1, 2, 'pages')];
  t.equal(chooseExecutor(executors, 'plates', 0), undefined);
  t.equal(chooseExecutor(executors, 'pages', 0), executors[1]);
});

test('fewer pipelines go first, then more free workers', async (t) => {
  const [both, one, more] = [executorOf(1, 2, 'a', 'b'), executorOf(1, 1, 'a'), executorOf(1, 2, 'a')];
  t.equal(chooseExecutor([both, one], 'a', 0), one);
  t.equal(chooseExecutor([one, more], 'a', 0), more);
});

test('the oldest generation goes first, but never an older one than the session has seen', async (t) => {
  const [old, recent] = [executorOf(1, 1, 'a'), executorOf(2, 2, 'a')];
  t.equal(chooseExecutor([recent, old], 'a', 0), old);
  t.equal(chooseExecutor([recent, old], 'a', 1), old);
  t.equal(chooseExecutor([recent, old], 'a', 2), recent);
  t.equal(chooseExecutor([old, executorOf(2, 0, 'a')], 'a', 2), undefined, 'it is busy: the frame waits');
});

test('when the generation that a session has seen is gone, an older one serves it', async (t) => {
  const old = executorOf(1, 1, 'a');
  t.equal(chooseExecutor([old], 'a', 2), old);
  t.equal(chooseExecutor([old, { ...executorOf(2, 0, 'a'), capacity: 0 }], 'a', 2), old);
});

test('an idle worker goes before a place to wait, a lower rank before a higher one, then the larger idle share', async (t) => {
  const local = executorOf(1, 1, 'a');
  const remote = { ...executorOf(1, 8, 'a'), rank: 1, idleShare: 1 };
  t.equal(chooseExecutor([remote, local], 'a', 0), local);
  t.equal(chooseExecutor([{ ...remote, idleShare: 0 }, local], 'a', 0), local);
  const waiting = { ...local, idleShare: 0 };
  t.equal(chooseExecutor([waiting, remote], 'a', 0), remote, 'it can start at once');
  const [half, third] = [
    { ...executorOf(1, 2, 'a'), idleShare: 1 / 2 },
    { ...executorOf(1, 3, 'a'), idleShare: 1 / 3 },
  ];
  t.equal(chooseExecutor([third, half], 'a', 0), half, 'fewer idle workers, but a larger share of them');
  const [two, three] = [
    { ...half, idleShare: 0 },
    { ...third, idleShare: 0 },
  ];
  t.equal(chooseExecutor([two, three], 'a', 0), three, 'without idle workers, more places to wait');
});
