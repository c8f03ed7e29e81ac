/** The obvious Node server: `ws`, and the whole pipeline on the main thread. */
import { peerFlags, peerOptions, peerUsage, readFlags } from '../node-pipeline/options.ts';
import { PlatePipeline } from '../node-pipeline/pipeline.ts';
import { serve } from '../node-pipeline/serve.ts';

const options = readFlags(`server.ts ${peerUsage}`, peerFlags, peerOptions);
const pipeline = await PlatePipeline.load(options);

await serve(options.port, () => {
  let isBusy = false;
  return async (frame) => {
    // A frame that comes while the one before it is still being worked on is dropped.
    if (isBusy) return undefined;
    isBusy = true;
    try {
      return await pipeline.run(frame);
    } finally {
      isBusy = false;
    }
  };
});
