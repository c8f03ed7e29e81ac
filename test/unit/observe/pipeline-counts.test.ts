/** Stages of a pipeline are in the order in which a frame passes them. */
import { test } from 'tap';
import { PipelineCounts } from '../../../src/observe/pipeline-counts.ts';

function countsOf(...nodes: string[]): PipelineCounts {
  const counts = new PipelineCounts();
  counts.setNodes(new Map(nodes.map((id) => [id, {}])));
  return counts;
}

test('the stages are the gateway’s own and the nodes of the pipeline', async (t) => {
  const counts = countsOf('detect');
  t.strictSame([...counts.stageSeconds.keys()], ['validate', 'hold', 'decode', 'detect', 'encode', 'total']);
});

test('a stage without a time is not counted as zero', async (t) => {
  const counts = countsOf('detect');
  const times = { frameIndex: 0, byteLength: 1, replyBytes: 1, validateMs: 1, holdMs: 0, totalMs: 2 };
  counts.frameEnded({ ...times, end: { type: 'result', timings: { decode: 1 } } });
  const countOf = (stage: string) => counts.stageSeconds.get(stage)?.samples('').at(-1)?.value;
  t.strictSame(['hold', 'decode', 'detect'].map(countOf), [1, 1, 0]);
});
