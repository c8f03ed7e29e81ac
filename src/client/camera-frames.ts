/** Turns a video, a canvas or a camera's MediaStream into JPEG frames at the pace of a client. Browser only. */
import type { Client } from './client.ts';
import type { Frame } from './session.ts';

export type CameraSource = HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas | MediaStream;

/** A frame that has left, with what is in it. */
export interface SentPicture {
  readonly index: number;
  readonly frame: Frame;
  /** The picture as it was sent. It is the receiver's to `close()`. */
  readonly picture: ImageBitmap;
}

export interface CameraOptions {
  /** JPEG quality from 0 to 1: 0.8. */
  readonly quality?: number;
  /** Never more frames a second than this: as many as the client allows. */
  readonly fps?: number;
  /** Wider pictures are made smaller: as they are. */
  readonly maxWidth?: number;
  /** Told of every frame that has left. Without it no pictures are made. */
  readonly onSent?: (sent: SentPicture) => void;
}

export interface CameraFrames {
  /** Ends it; the source goes on. */
  stop(): void;
  /** Settles when it has ended: stopped, or the client closed. Rejects when the source cannot be played or read. */
  readonly done: Promise<void>;
}

/** A source that does not tell when it has a new picture is looked at this often. */
const lookMs = 16;

/**
 * Sends the newest picture of `source` whenever the client is ready for one. A picture is drawn and encoded only to be sent. Those
 * of a video are sent once each; a canvas may be sent again without having changed.
 */
export function streamCamera(client: Client, source: CameraSource, options: CameraOptions = {}): CameraFrames {
  const { quality = 0.8, fps = Number.POSITIVE_INFINITY, maxWidth = Number.POSITIVE_INFINITY, onSent } = options;
  const isStream = 'getTracks' in source;
  const drawable = isStream ? document.createElement('video') : source;
  const canvas = 'OffscreenCanvas' in globalThis ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  let isOver = false;

  const loop = async () => {
    if (isStream) await play(drawable as HTMLVideoElement, source);
    const nextPicture = watch(drawable, () => isOver);
    while (!isOver) {
      if (client.state !== 'open') await client.ready();
      await nextPicture();
      const drawnMs = performance.now();
      if (isOver || !draw(drawable, canvas, maxWidth)) continue;
      const frame = await encode(canvas, quality);
      const picture = onSent && (await pictureOf(canvas));
      const madeMs = performance.now();
      await leave(frame, picture);
      // The next picture is taken so early that it is ready when the pace lets it go.
      await sleep(1000 / Math.min(fps, client.fps) - (madeMs - drawnMs));
    }
  };

  /** Gives the frame to the client, and settles when it has left or was skipped. */
  const leave = (frame: Frame, picture: ImageBitmap | undefined) =>
    new Promise<void>((resolve) => {
      if (isOver) {
        picture?.close();
        return;
      }
      const off = client.on('sent', (sent) => {
        if (sent.frame !== frame) return;
        if (picture) onSent?.({ ...sent, picture });
        resolve();
      });
      client.send(frame).reply.then(({ type }) => {
        off();
        if (type === 'skipped') picture?.close();
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
    if (isStream) Object.assign(drawable, { srcObject: null });
  });
  return { stop, done };
}

async function play(video: HTMLVideoElement, stream: MediaStream): Promise<void> {
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
}

/** @returns a function that settles when there is a picture that it has not settled for before. */
function watch(source: Exclude<CameraSource, MediaStream>, isOver: () => boolean): () => Promise<void> | undefined {
  if (!('requestVideoFrameCallback' in source)) {
    let lookedMs = Number.NEGATIVE_INFINITY;
    return async () => {
      await sleep(lookedMs + lookMs - performance.now());
      lookedMs = performance.now();
    };
  }
  let isNew = source.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  let wake = () => {};
  const look = () => {
    isNew = true;
    wake();
    if (!isOver()) source.requestVideoFrameCallback(look);
  };
  source.requestVideoFrameCallback(look);
  return async () => {
    if (!isNew) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    isNew = false;
  };
}

/** @returns false while the source has no picture yet. @throws DOMException SecurityError for one of another origin, later. */
function draw(
  source: Exclude<CameraSource, MediaStream>,
  canvas: OffscreenCanvas | HTMLCanvasElement,
  maxWidth: number,
): boolean {
  const [width, height] =
    'videoWidth' in source ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  if (!(width > 0 && height > 0)) return false;
  const scale = Math.min(1, maxWidth / width);
  // Assigning a size, even the same, empties a canvas.
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
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no JPEG could be made'))), type, quality);
  });
}

/** Takes the picture out of the canvas where that costs no copy. */
async function pictureOf(canvas: OffscreenCanvas | HTMLCanvasElement): Promise<ImageBitmap> {
  return 'transferToImageBitmap' in canvas ? canvas.transferToImageBitmap() : createImageBitmap(canvas);
}

function sleep(ms: number): Promise<void> | undefined {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
}
