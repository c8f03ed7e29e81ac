/** `framegate/client` for browsers and other runtimes with a global WebSocket. */
import { Client, type ConnectOptions } from './client.ts';
import { closeText } from './reason.ts';
import type { OpenSocket } from './session.ts';

export type {
  ClassScore,
  Detection,
  FrameResult,
  Keypoint,
  MaskRle,
  Point,
  Polygon,
  Quad,
  SceneCounts,
  SceneEvent,
  Track,
  Zone,
} from '../protocol.ts';
export {
  type CameraFrames,
  type CameraOptions,
  type CameraSource,
  type SentPicture,
  streamCamera,
} from './camera-frames.ts';
export type { Client, ClientEvents, ConnectOptions, State } from './client.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export type { Frame, Reply, Sent } from './session.ts';

const openSocket: OpenSocket = (url, events, token) => {
  // Browsers let a page set no other header.
  const socket = new WebSocket(url, token === undefined ? [] : ['framegate', `framegate.token.${token}`]);
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => events.received(data);
  // Browsers do not expose why a connection failed.
  socket.onclose = ({ code, reason }) => events.closed(closeText(code, reason), { code, reason });
  return socket;
};

/**
 * Connects to a gateway, and reconnects whenever that can help, until {@link Client.close}.
 * @throws TypeError for an invalid address. @throws RangeError for an invalid limit.
 */
export function connect(options: ConnectOptions): Client {
  return new Client(options, openSocket);
}
