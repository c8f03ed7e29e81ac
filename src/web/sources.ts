/** Frame sources: the sample scene, a camera, a video file or an image, as accepted by the client. */
import type { CameraSource } from '../client/index.ts';
import type { SourceErrorCode } from './error-messages.ts';
import { imageFps, type SourceName } from './preferences.ts';
import { SampleScene } from './sample-scene.ts';

export interface Source {
  readonly name: SourceName;
  /** Display name: the file's or the camera's name. */
  readonly caption: string;
  readonly images: CameraSource;
  /** Wider frames are scaled down before they are sent. */
  readonly maxWidth: number;
  /** Frame rate of the source; infinity if unknown. */
  readonly maxFps: number;
  /** Resumes playback; `pause` stops all work. */
  play(): void;
  pause(): void;
  /** Releases the camera or the file. */
  close(): void;
}

/** The source cannot be opened or read. */
export class SourceError extends Error {
  readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, options?: ErrorOptions) {
    super(code, options);
    this.name = 'SourceError';
    this.code = code;
  }
}

/** Enough for plates across a street; more takes longer to encode and to send. */
const maxVideoWidth = 1280;
/** Small print on a document needs more. */
const maxImageWidth = 1920;
const noLimit = Number.POSITIVE_INFINITY;

/**
 * Opens a source.
 * @param file the file to read, if the source is a file.
 * @param ended called when the source ends by itself.
 * @throws SourceError if the source cannot be opened.
 */
export function openSource(
  name: SourceName,
  file: File | undefined,
  ended: (code: SourceErrorCode) => void,
): Promise<Source> {
  switch (name) {
    case 'sample':
      return Promise.resolve(sampleSource());
    case 'camera':
      return openCamera(ended);
    case 'video':
      return file ? openVideo(file) : Promise.reject(new SourceError('video_unreadable'));
    case 'picture':
      return file ? openImage(file) : Promise.reject(new SourceError('image_unreadable'));
  }
}

function sampleSource(): Source {
  const scene = new SampleScene();
  return {
    name: 'sample',
    caption: 'Sample scene',
    images: scene.canvas,
    maxWidth: noLimit,
    maxFps: 30,
    play: () => scene.play(),
    pause: () => scene.pause(),
    close: () => scene.pause(),
  };
}

/**
 * Opens the camera chosen by the browser or the user.
 * @param ended called when the camera is disconnected.
 * @throws SourceError if there is no camera or access is denied.
 */
async function openCamera(ended: (code: SourceErrorCode) => void): Promise<Source> {
  // Undefined if the page is not a secure context.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new SourceError('insecure_page');
  const constraints = { width: { ideal: maxVideoWidth }, height: { ideal: 720 }, facingMode: { ideal: 'environment' } };
  const stream = await devices.getUserMedia({ video: constraints }).catch((cause: unknown) => {
    throw new SourceError(cameraErrorCode(cause), { cause });
  });
  const [track] = stream.getVideoTracks();
  if (track) track.onended = () => ended('camera_gone');
  const video = videoElement();
  video.srcObject = stream;
  await playable(video, 'camera_busy');
  return {
    ...{ name: 'camera', caption: track?.label || 'Camera', images: video, maxWidth: maxVideoWidth },
    maxFps: track?.getSettings().frameRate ?? noLimit,
    play: () => void video.play().catch(() => undefined),
    pause: () => video.pause(),
    close: () => {
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
  };
}

/** Opens a video file and loops it. @throws SourceError if the browser cannot play it. */
async function openVideo(file: File): Promise<Source> {
  const address = URL.createObjectURL(file);
  const video = videoElement();
  video.loop = true;
  video.src = address;
  const close = () => {
    video.pause();
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  };
  try {
    await playable(video, 'video_unreadable');
  } catch (error) {
    close();
    throw error;
  }
  return {
    ...{ name: 'video', caption: file.name, images: video, maxWidth: maxVideoWidth, maxFps: noLimit, close },
    play: () => void video.play().catch(() => undefined),
    pause: () => video.pause(),
  };
}

/** Opens one image. @throws SourceError if the browser cannot decode it. */
async function openImage(file: File): Promise<Source> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    throw new SourceError('image_unreadable', { cause });
  });
  const { width, height } = bitmap;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const nothing = () => undefined;
  return {
    ...{ name: 'picture', caption: file.name, images: canvas, maxWidth: maxImageWidth, maxFps: imageFps },
    ...{ play: nothing, pause: nothing, close: nothing },
  };
}

function videoElement(): HTMLVideoElement {
  return Object.assign(document.createElement('video'), { muted: true, playsInline: true });
}

/** Resolves when the video plays. Rejects files of which the browser can only play the sound. */
async function playable(video: HTMLVideoElement, code: SourceErrorCode): Promise<void> {
  try {
    await video.play();
  } catch (cause) {
    throw new SourceError(code, { cause });
  }
  if (video.videoWidth === 0) throw new SourceError(code);
}

function cameraErrorCode(error: unknown): SourceErrorCode {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'camera_denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'camera_missing';
    default:
      return 'camera_busy';
  }
}
