/** The simplest Node server: `ws` with the whole pipeline on the main thread. */
import { peerFlags, peerOptions, peerUsage, readFlags } from '../node-pipeline/options.ts';
import { PlatePipeline } from '../node-pipeline/pipeline.ts';
import { serve } from '../node-pipeline/serve.ts';

const options = readFlags(`server.ts ${peerUsage}`, peerFlags, peerOptions);
const pipeline = await PlatePipeline.load(options);

await serve(options.port, () => {
  let isBusy = false;
  return async (frame) => {
    // A frame that arrives while the previous one is running is dropped.
    if (isBusy) return undefined;
    isBusy = true;
    try {
      return await pipeline.run(frame);
    } finally {
      isBusy = false;
    }
  };
});
