/** `framegate/client` for browsers, and wherever there is a global WebSocket. */
import { Client, type ConnectOptions } from './client.ts';
import type { OpenSocket } from './session.ts';

export type { Detection, FrameResult, Point, Quad } from '../protocol.ts';
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

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url);
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => events.received(data);
  // A browser tells nobody why a connection failed.
  socket.onclose = ({ code }) => events.closed(`The connection ended (${code})`);
  return socket;
};

/**
 * Connects to a gateway, and connects again whenever that may help, until {@link Client.close}.
 * @throws TypeError for a bad address. @throws RangeError for a limit that nothing could keep to.
 */
export function connect(options: ConnectOptions): Client {
  return new Client(options, openSocket);
}
