/** The small frame sent by attackers: a valid JPEG of a few KB. */
import { renderFrames } from '../../test/support/samples/street-frames.ts';

const size = { width: 160, height: 120 };

export function smallFrame(): Uint8Array {
  const [frame] = renderFrames(size);
  return frame as Uint8Array;
}
