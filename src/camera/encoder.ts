/** libjpeg-turbo for the bridge, off the main thread: encodes raw frames and checks whether a JPEG is complete. */
import { ConfigError } from '../errors.ts';
import type { CapturedFrame } from './captured-frame.ts';

/** License plates are recognized as well as at 90, and the frame is a third smaller. */
const defaultQuality = 85;

export type Encode = (frame: Extract<CapturedFrame, { kind: 'rgb' }>) => Promise<Buffer>;

/** Whether a JPEG can be decoded to its end. */
export type Inspect = (jpeg: Buffer) => Promise<boolean>;

/** @throws ConfigError on a platform for which jpeg-turbo has no binary. */
export async function createEncoder(quality: number = defaultQuality): Promise<Encode> {
  const turbo = await loadTurbo();
  const options = { format: turbo.FORMAT_RGB, quality, subsampling: turbo.SAMP_420 };
  return ({ bytes, width, height }) => turbo.compress(bytes, { ...options, width, height });
}

/** @throws ConfigError like {@link createEncoder}. */
export async function createInspector(): Promise<Inspect> {
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
