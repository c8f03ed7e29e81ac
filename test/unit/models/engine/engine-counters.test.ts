/** What an engine counts is seen by all threads. */
import { test } from 'tap';
import { EngineCounters } from '../../../../src/models/engine/engine-counters.ts';

test('load: rows that were submitted and not answered', (t) => {
  const counters = new EngineCounters();
  const other = new EngineCounters(counters.memory);
  other.submitted(3);
  counters.submitted(2);
  counters.answered(3);
  t.same([counters.load, other.load], [2, 2]);
  t.end();
});

test('runs have numbers while they last', (t) => {
  const counters = new EngineCounters();
  const seen: number[] = [counters.currentRun];
  for (let run = 0; run < 2; run++) {
    counters.begin();
    seen.push(new EngineCounters(counters.memory).currentRun);
    counters.end(4);
    seen.push(counters.currentRun);
  }
  t.same(seen, [0, 1, 0, 2, 0]);
  const { rows, batches, busyMs } = new EngineCounters(counters.memory).totals;
  t.same([rows, batches, busyMs >= 0], [8, 2, true]);
  t.end();
});
