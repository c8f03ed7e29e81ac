/** libjpeg-turbo for the bridge, off the main thread: encodes raw pictures, and looks whether a JPEG is whole. */
import { ConfigError } from '../errors.ts';
import type { Picture } from './picture.ts';

/** Plates are read as well as at 90, and the frame is a third smaller. */
const defaultQuality = 85;

export type Encode = (picture: Extract<Picture, { kind: 'rgb' }>) => Promise<Buffer>;

/** Whether a JPEG can be decoded to its end. */
export type LookAt = (jpeg: Buffer) => Promise<boolean>;

/** @throws ConfigError on a platform for which jpeg-turbo has no binary. */
export async function createEncoder(quality: number = defaultQuality): Promise<Encode> {
  const turbo = await loadTurbo();
  const options = { format: turbo.FORMAT_RGB, quality, subsampling: turbo.SAMP_420 };
  return ({ bytes, width, height }) => turbo.compress(bytes, { ...options, width, height });
}

/** @throws ConfigError as {@link createEncoder}. */
export async function createInspector(): Promise<LookAt> {
  const turbo = await loadTurbo();
  return (jpeg) =>
    turbo.decompress(jpeg, { format: turbo.FORMAT_RGB }).then(
      () => true,
      () => false,
    );
}

async function loadTurbo() {
  return await import('@julusian/jpeg-turbo').then(
    (loaded) => loaded.default,
    () => {
      throw new ConfigError([`jpeg-turbo has no binary for ${process.platform} ${process.arch}`]);
    },
  );
}
