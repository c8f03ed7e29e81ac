/** Error messages of the console, with advice. Pure. */
import type { ClientErrorCode } from '../client/index.ts';
import type { SourceName } from './preferences.ts';

/** Reason why a source cannot be opened or read. */
export type SourceErrorCode =
  | 'insecure_page'
  | 'camera_denied'
  | 'camera_missing'
  | 'camera_busy'
  | 'camera_gone'
  | 'video_unreadable'
  | 'image_unreadable'
  | 'source_failed';

export interface ErrorMessage {
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
  /** Whether another token may help. */
  readonly asksToken?: boolean;
}

const sourceMessages: Readonly<Record<SourceErrorCode, ErrorMessage>> = {
  insecure_page: {
    title: 'Camera access requires a secure page',
    advice:
      'Browsers allow camera access only over https:// and on localhost. Open the page over HTTPS (through a reverse proxy with a certificate) or through an SSH tunnel as http://127.0.0.1, or use another source.',
  },
  camera_denied: {
    title: 'Camera access was denied',
    advice: 'Allow it for this page with the camera or lock icon in the address bar, then choose “Camera” again.',
  },
  camera_missing: {
    title: 'No camera was found',
    advice: 'Connect one and choose “Camera” again, or use the sample, a video file or an image.',
  },
  camera_busy: {
    title: 'The camera cannot be opened',
    advice: 'Another program may be using it. Close that program and choose “Camera” again.',
  },
  camera_gone: {
    title: 'The camera was disconnected',
    advice: 'Connect it and choose “Camera” again.',
  },
  video_unreadable: {
    title: 'This video cannot be played',
    advice:
      'The browser does not support its format. MP4 with H.264 and WebM with VP8 or VP9 work in nearly all browsers.',
  },
  image_unreadable: {
    title: 'This image cannot be opened',
    advice: 'The browser does not support its format. JPEG, PNG and WebP work in all browsers.',
  },
  source_failed: {
    title: 'The source stopped',
    advice: 'The browser can no longer read it. Choose it again or use another one.',
  },
};

const streamMessages: Readonly<Record<ClientErrorCode, ErrorMessage>> = {
  invalid_pipeline: {
    title: 'This pipeline does not exist',
    advice: 'Choose another one, or add it to the models folder and restart the gateway.',
  },
  invalid_frame: {
    title: 'The gateway rejected a frame',
    advice:
      'It has more pixels than the gateway or the pipeline allows, or was corrupted in transit. Try another source.',
  },
  frame_too_large: {
    title: 'A frame is too large',
    advice: 'Lower the JPEG quality, or raise STREAM_MAX_FRAME_SIZE_MB on the gateway.',
  },
  invalid_message: {
    title: 'Frames arrive as text messages',
    advice: 'A proxy between this page and the gateway rewrites WebSocket messages. Check its configuration.',
  },
  pipeline_failure: {
    title: 'The pipeline failed',
    advice: 'A tool threw an error or timed out. See the gateway’s log for details, or try another pipeline.',
  },
  server_busy: {
    title: 'All sessions are in use',
    advice: 'Close another page or camera, or raise STREAM_MAX_SESSIONS on the gateway.',
  },
  slow_reader: {
    title: 'This page was too slow',
    advice: 'It did not read its replies in time: the browser was busy or the network stalled.',
  },
  idle_timeout: {
    title: 'The gateway closed an idle session',
    advice: 'No frame arrived for a while, or another camera needed the session.',
  },
  rate_limited: {
    title: 'Too many frames from this address',
    advice: 'Lower the rate, close other pages and cameras, or raise STREAM_MAX_FRAMES_PER_SECOND on the gateway.',
  },
  unauthorized: {
    title: 'The gateway needs a token',
    advice: 'Enter a valid one below. “framegate token create” makes one.',
    asksToken: true,
  },
  forbidden: {
    title: 'Access was refused',
    advice: 'The token does not permit this, or this page’s address is not allowed on the gateway.',
    asksToken: true,
  },
  internal_error: {
    title: 'Internal error in the gateway',
    advice: 'See its log for details. If it happens again, please report it.',
  },
  unreachable: {
    title: 'The gateway cannot be reached',
    advice:
      'Check that it is running (make run), that any proxy in between allows WebSockets, and that this page is not on the admin port, which takes no frames.',
  },
  closed: {
    title: 'The connection was closed',
    advice: 'The gateway was stopped or restarted, or the network failed.',
  },
  timed_out: {
    title: 'The gateway does not respond',
    advice: 'It is blocked, or the network failed.',
  },
  invalid_reply: {
    title: 'The server is not a framegate gateway',
    advice: 'Check the address, and the configuration of any proxy in between.',
  },
};

/** For codes of newer gateways. */
const unknownCodeMessage: ErrorMessage = {
  title: 'The session ended with an error',
  advice: 'This page does not know its code. See docs/reference/websocket-protocol.md of the gateway’s version.',
};

export function sourceErrorMessage(code: SourceErrorCode): ErrorMessage {
  return sourceMessages[code];
}

/** @param code any code, including unknown ones. */
export function streamErrorMessage(code: string): ErrorMessage {
  return Object.hasOwn(streamMessages, code) ? streamMessages[code as ClientErrorCode] : unknownCodeMessage;
}

/** What the page says while a source is opened. */
export function openingMessage(source: SourceName, fileName: string | undefined): ErrorMessage {
  return source === 'camera'
    ? { title: 'Waiting for the camera', advice: 'Your browser may ask for permission to use it.' }
    : { title: 'Opening source', advice: fileName ?? 'Preparing the sample scene.' };
}
