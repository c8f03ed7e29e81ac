/** Where pictures come from: the sample scene, a camera, a video file or a picture, each as the client takes it. */
import type { CameraSource } from '../client/index.ts';
import type { SourceName } from './preferences.ts';
import { SampleScene } from './sample-scene.ts';
import type { SourceTrouble } from './trouble.ts';

export interface Source {
  readonly name: SourceName;
  /** What is named to people: a file's name, or a camera's. */
  readonly caption: string;
  readonly pictures: CameraSource;
  /** Wider pictures are made smaller before they are sent. */
  readonly maxWidth: number;
  /** It has no more pictures a second than this, where that is known. */
  readonly maxFps: number;
  /** Nothing moves, and nothing is worked on, while nobody looks. */
  play(): void;
  pause(): void;
  /** For good: lets go of the camera or the file. */
  close(): void;
}

/** A source that gives no pictures. */
export class SourceError extends Error {
  readonly trouble: SourceTrouble;

  constructor(trouble: SourceTrouble, options?: ErrorOptions) {
    super(trouble, options);
    this.name = 'SourceError';
    this.trouble = trouble;
  }
}

/** Enough for plates across a street; more only takes longer to encode and to send. */
const widestVideo = 1280;
/** Small print on a page wants more. */
const widestPicture = 1920;
/** A still picture is sent again only so that its figures stay alive. */
const pictureFps = 2;
const noLimit = Number.POSITIVE_INFINITY;

/**
 * Opens the source of this name.
 * @param file the one to read, where the source is a file.
 * @param ended called when the source goes away by itself.
 * @throws SourceError when it gives no pictures.
 */
export function openSource(
  name: SourceName,
  file: File | undefined,
  ended: (trouble: SourceTrouble) => void,
): Promise<Source> {
  switch (name) {
    case 'sample':
      return openSample();
    case 'camera':
      return openCamera(ended);
    case 'video':
      return file ? openVideo(file) : Promise.reject(new SourceError('video_unreadable'));
    case 'picture':
      return file ? openPicture(file) : Promise.reject(new SourceError('picture_unreadable'));
  }
}

async function openSample(): Promise<Source> {
  const scene = new SampleScene();
  await scene.prepare();
  return {
    name: 'sample',
    caption: 'Sample scene',
    pictures: scene.canvas,
    maxWidth: noLimit,
    maxFps: 30,
    play: () => scene.play(),
    pause: () => scene.pause(),
    close: () => scene.pause(),
  };
}

/**
 * The camera that the browser or its user chooses.
 * @param ended called when the camera goes away by itself.
 * @throws SourceError when there is none, or it may not be used.
 */
async function openCamera(ended: (trouble: SourceTrouble) => void): Promise<Source> {
  // Browsers leave it out where the page is not secure.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new SourceError('insecure_page');
  const wish = { width: { ideal: widestVideo }, height: { ideal: 720 }, facingMode: { ideal: 'environment' } };
  const stream = await devices.getUserMedia({ video: wish }).catch((cause: unknown) => {
    throw new SourceError(cameraTrouble(cause), { cause });
  });
  const [track] = stream.getVideoTracks();
  if (track) track.onended = () => ended('camera_gone');
  const video = videoElement();
  video.srcObject = stream;
  await playable(video, 'camera_busy');
  return {
    ...{ name: 'camera', caption: track?.label || 'Camera', pictures: video, maxWidth: widestVideo },
    maxFps: track?.getSettings().frameRate ?? noLimit,
    play: () => void video.play().catch(() => undefined),
    pause: () => video.pause(),
    close: () => {
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
  };
}

/** A video file, played over and over. @throws SourceError when the browser cannot play it. */
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
    ...{ name: 'video', caption: file.name, pictures: video, maxWidth: widestVideo, maxFps: noLimit, close },
    play: () => void video.play().catch(() => undefined),
    pause: () => video.pause(),
  };
}

/** One picture. @throws SourceError when the browser cannot read it. */
async function openPicture(file: File): Promise<Source> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    throw new SourceError('picture_unreadable', { cause });
  });
  const { width, height } = bitmap;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const nothing = () => undefined;
  return {
    ...{ name: 'picture', caption: file.name, pictures: canvas, maxWidth: widestPicture, maxFps: pictureFps },
    ...{ play: nothing, pause: nothing, close: nothing },
  };
}

function videoElement(): HTMLVideoElement {
  return Object.assign(document.createElement('video'), { muted: true, playsInline: true });
}

/** Settles when the video plays. Some files have only sound in them that the browser knows. */
async function playable(video: HTMLVideoElement, trouble: SourceTrouble): Promise<void> {
  try {
    await video.play();
  } catch (cause) {
    throw new SourceError(trouble, { cause });
  }
  if (video.videoWidth === 0) throw new SourceError(trouble);
}

function cameraTrouble(error: unknown): SourceTrouble {
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
