/** Sends JPEG frames from a video, a canvas or a MediaStream, at the rate that the client allows. Browser only. */
import type { Client } from './client.ts';
import type { Frame } from './session.ts';

export type CameraSource = HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas | MediaStream;

/** A sent frame with its image. */
export interface SentPicture {
  readonly index: number;
  readonly frame: Frame;
  /** The image as it was sent. The receiver must call `close()` on it. */
  readonly picture: ImageBitmap;
}

export interface CameraOptions {
  /** JPEG quality from 0 to 1; default 0.8. */
  readonly quality?: number;
  /** Maximum frames per second; default: as many as the client allows. */
  readonly fps?: number;
  /** Wider images are scaled down to this width; default: no limit. */
  readonly maxWidth?: number;
  /** Called for every sent frame. If not set, no bitmaps are created. */
  readonly onSent?: (sent: SentPicture) => void;
}

export interface CameraFrames {
  /** Stops sending; the source keeps running. */
  stop(): void;
  /** Resolves after `stop()`, or when the client is closed. Rejects if the source cannot be played or read. */
  readonly done: Promise<void>;
}

/** Polling interval for sources that do not signal new images. */
const pollMs = 16;

/**
 * Sends the newest image of `source` whenever the client is ready. Images are drawn and encoded only when they can be sent. Each
 * video frame is sent at most once; a canvas may be sent again unchanged.
 */
export function streamCamera(client: Client, source: CameraSource, options: CameraOptions = {}): CameraFrames {
  const { quality = 0.8, fps = Number.POSITIVE_INFINITY, maxWidth = Number.POSITIVE_INFINITY, onSent } = options;
  const isStream = 'getTracks' in source;
  const element = isStream ? document.createElement('video') : source;
  const canvas = 'OffscreenCanvas' in globalThis ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  let isOver = false;

  const loop = async () => {
    if (isStream) await play(element as HTMLVideoElement, source);
    const nextImage = watch(element, () => isOver);
    while (!isOver) {
      if (client.state !== 'open') await client.ready();
      await nextImage();
      const drawnMs = performance.now();
      if (isOver || !draw(element, canvas, maxWidth)) continue;
      const frame = await encode(canvas, quality);
      const bitmap = onSent && (await bitmapOf(canvas));
      const encodedMs = performance.now();
      await sendFrame(frame, bitmap);
      // Capture the next image early enough that it is encoded by the time it may be sent.
      await sleep(1000 / Math.min(fps, client.fps) - (encodedMs - drawnMs));
    }
  };

  /** Passes the frame to the client; settles when it is sent or skipped. */
  const sendFrame = (frame: Frame, bitmap: ImageBitmap | undefined) =>
    new Promise<void>((resolve) => {
      if (isOver) {
        bitmap?.close();
        return;
      }
      const off = client.on('sent', (sent) => {
        if (sent.frame !== frame) return;
        if (bitmap) onSent?.({ ...sent, picture: bitmap });
        resolve();
      });
      client.send(frame).reply.then(({ type }) => {
        off();
        if (type === 'skipped') bitmap?.close();
        resolve();
      });
    });

  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const done = Promise.race([
    stopped,
    loop().catch((error) => {
      if (client.state !== 'closed') throw error;
    }),
  ]).finally(() => {
    isOver = true;
    if (isStream) Object.assign(element, { srcObject: null });
  });
  return { stop, done };
}

async function play(video: HTMLVideoElement, stream: MediaStream): Promise<void> {
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
}

/** @returns a function that waits for an image it has not yet reported. */
function watch(source: Exclude<CameraSource, MediaStream>, isOver: () => boolean): () => Promise<void> | undefined {
  if (!('requestVideoFrameCallback' in source)) {
    let polledMs = Number.NEGATIVE_INFINITY;
    return async () => {
      await sleep(polledMs + pollMs - performance.now());
      polledMs = performance.now();
    };
  }
  let isNew = source.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  let wake = () => {};
  const onVideoFrame = () => {
    isNew = true;
    wake();
    if (!isOver()) source.requestVideoFrameCallback(onVideoFrame);
  };
  source.requestVideoFrameCallback(onVideoFrame);
  return async () => {
    if (!isNew) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    isNew = false;
  };
}

/** @returns false while the source has no image yet. For a cross-origin source, encoding later throws a SecurityError. */
function draw(
  source: Exclude<CameraSource, MediaStream>,
  canvas: OffscreenCanvas | HTMLCanvasElement,
  maxWidth: number,
): boolean {
  const [width, height] =
    'videoWidth' in source ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  if (!(width > 0 && height > 0)) return false;
  const scale = Math.min(1, maxWidth / width);
  // Assigning a size, even the same one, clears a canvas.
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D | null;
  context?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return true;
}

function encode(canvas: OffscreenCanvas | HTMLCanvasElement, quality: number): Promise<Blob> {
  const type = 'image/jpeg';
  if ('convertToBlob' in canvas) return canvas.convertToBlob({ type, quality });
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('canvas could not be encoded as JPEG'))),
      type,
      quality,
    );
  });
}

/** Transfers the image out of the canvas where possible, without a copy. */
async function bitmapOf(canvas: OffscreenCanvas | HTMLCanvasElement): Promise<ImageBitmap> {
  return 'transferToImageBitmap' in canvas ? canvas.transferToImageBitmap() : createImageBitmap(canvas);
}

function sleep(ms: number): Promise<void> | undefined {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
}
