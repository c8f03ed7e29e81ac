/** Encodes raw pictures to JPEG with libjpeg-turbo, off the main thread. */
import { SetupError } from '../errors.ts';
import type { Picture } from './picture.ts';

/** Plates are read as well as at 90, and the frame is a third smaller. */
const defaultQuality = 85;

export type Encode = (picture: Extract<Picture, { kind: 'rgb' }>) => Promise<Buffer>;

/** @throws SetupError on a platform for which jpeg-turbo has no binary. */
export async function createEncoder(quality: number = defaultQuality): Promise<Encode> {
  const turbo = await import('@julusian/jpeg-turbo').then(
    (loaded) => loaded.default,
    () => {
      throw new SetupError([`jpeg-turbo has no binary for ${process.platform} ${process.arch}`]);
    },
  );
  const options = { format: turbo.FORMAT_RGB, quality, subsampling: turbo.SAMP_420 };
  return ({ bytes, width, height }) => turbo.compress(bytes, { ...options, width, height });
}
