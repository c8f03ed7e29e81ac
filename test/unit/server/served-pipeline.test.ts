/** The stricter of two limits applies to a pipeline's frames. */
import { test } from 'tap';
import { limitsFor } from '../../../src/server/served-pipeline.ts';

const limits = { maxFrameBytes: 1000, maxFrameLabel: '1KB', maxPixels: 500 };

function pipelineWith(maxPixels: number) {
  return { id: 'p', name: 'P', description: 'Made for a test.', zones: [], maxPixels };
}

test('a pipeline may allow fewer pixels than the gateway, not more; other limits are unchanged', async (t) => {
  t.same(limitsFor(pipelineWith(100), limits), { ...limits, maxPixels: 100 });
  t.same(limitsFor(pipelineWith(1000), limits), limits);
  t.same(limitsFor(pipelineWith(Number.POSITIVE_INFINITY), limits), limits);
});
