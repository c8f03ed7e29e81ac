/** Everything that can go wrong, in words, with what to do about it. Pure. */
import type { ClientErrorCode } from '../client/index.ts';

/** What keeps a source from giving pictures. */
export type SourceTrouble =
  | 'insecure_page'
  | 'camera_denied'
  | 'camera_missing'
  | 'camera_busy'
  | 'camera_gone'
  | 'video_unreadable'
  | 'picture_unreadable'
  | 'source_failed';

export interface Words {
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
}

const sourceWords: Readonly<Record<SourceTrouble, Words>> = {
  insecure_page: {
    title: 'The camera needs a secure page',
    advice:
      'Browsers give cameras only to https:// and to this machine itself. Open the page over https (a reverse proxy with a certificate), through an SSH tunnel as http://127.0.0.1, or use another source.',
  },
  camera_denied: {
    title: 'The camera was not allowed',
    advice: 'Allow it for this page, by the camera or lock sign beside the address, and choose “Camera” again.',
  },
  camera_missing: {
    title: 'There is no camera',
    advice: 'Plug one in and choose “Camera” again, or use the sample, a video file or a picture.',
  },
  camera_busy: {
    title: 'The camera cannot be opened',
    advice: 'Another program may be using it. Close that program and choose “Camera” again.',
  },
  camera_gone: {
    title: 'The camera is gone',
    advice: 'It was unplugged or taken away. Plug it in and choose “Camera” again.',
  },
  video_unreadable: {
    title: 'This video cannot be played here',
    advice: 'The browser does not know its format. MP4 with H.264 or WebM with VP8 or VP9 plays nearly everywhere.',
  },
  picture_unreadable: {
    title: 'This is no picture that the browser knows',
    advice: 'JPEG, PNG and WebP work everywhere.',
  },
  source_failed: {
    title: 'The source stopped',
    advice: 'The browser could not go on reading it. Choose it again, or take another one.',
  },
};

const streamWords: Readonly<Record<ClientErrorCode, Words>> = {
  invalid_pipeline: {
    title: 'The gateway does not know this pipeline',
    advice: 'Choose another one, or add it to the models folder and restart the gateway.',
  },
  invalid_frame: {
    title: 'The gateway could not read a frame',
    advice:
      'It has more pixels than the gateway or the pipeline allows, or was damaged on the way. Try another source.',
  },
  frame_too_large: {
    title: 'A frame has too many bytes',
    advice: 'Lower the JPEG quality, or raise STREAM_MAX_FRAME_SIZE_MB on the gateway.',
  },
  invalid_message: {
    title: 'The frames arrive as text',
    advice: 'Something between this page and the gateway rewrites WebSocket messages. Look at the proxy on the way.',
  },
  pipeline_failure: {
    title: 'The pipeline failed',
    advice: 'A tool of it threw an error or ran out of time; the gateway’s log says which. Another pipeline may work.',
  },
  server_busy: {
    title: 'The gateway is full',
    advice: 'All sessions are taken. Close another page or camera, or raise STREAM_MAX_SESSIONS.',
  },
  slow_reader: {
    title: 'This page was too slow',
    advice: 'It did not read its replies in time: the browser was busy, or the network stood still.',
  },
  idle_timeout: {
    title: 'The gateway ended an idle session',
    advice: 'No frame came for a while, or another camera needed the place.',
  },
  rate_limited: {
    title: 'Too many frames come from this address',
    advice: 'Lower the rate, close other pages and cameras, or raise STREAM_MAX_FRAMES_PER_SECOND on the gateway.',
  },
  internal_error: {
    title: 'The gateway has a fault of its own',
    advice: 'Its log says more. If it happens again, it is worth a report.',
  },
  unreachable: {
    title: 'The gateway cannot be reached',
    advice: 'See whether it runs (make run), and whether a proxy on the way lets WebSockets through.',
  },
  closed: {
    title: 'The connection has ended',
    advice: 'The gateway was stopped or restarted, or the network is gone.',
  },
  timed_out: {
    title: 'The gateway does not answer',
    advice: 'It stands still, or the network is gone.',
  },
  invalid_reply: {
    title: 'What answers is no gateway',
    advice: 'Another server is at this address. Look at the address, and at the proxy on the way.',
  },
};

/** What a newer gateway may send. */
const otherWords: Words = {
  title: 'The session ended with an error',
  advice: 'This page does not know its code; the gateway’s docs/reference/websocket-protocol.md does.',
};

export function wordsOfSource(trouble: SourceTrouble): Words {
  return sourceWords[trouble];
}

/** @param code any code, also one that is not of this version. */
export function wordsOfStream(code: string): Words {
  return Object.hasOwn(streamWords, code) ? streamWords[code as ClientErrorCode] : otherWords;
}
