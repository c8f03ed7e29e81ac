/** `framegate/client` for Node: the same client over the package `ws`, since Node 20 has no built-in WebSocket. */
import WebSocket from 'ws';
import { Client, type ConnectOptions } from './client.ts';
import { closeText, reasonOf } from './reason.ts';
import { onRefusal } from './refusal.ts';
import type { OpenSocket } from './session.ts';

export type { ClassScore, Detection, FrameResult, Keypoint, MaskRle, Point, Polygon, Quad } from '../protocol.ts';
export type { Client, ClientEvents, ConnectOptions, State } from './client.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export type { Frame, Reply, Sent } from './session.ts';

/**
 * Compressing JPEG again does not make it smaller. The close timeout keeps a peer that does not answer the closing handshake from
 * blocking the process exit (the types do not include the option yet).
 */
const socketOptions = { perMessageDeflate: false, closeTimeout: 1000 };

const openSocket: OpenSocket = (url, events, token) => {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, { ...socketOptions, headers });
  let failure: string | undefined;
  socket.on('open', () => events.opened());
  socket.on('message', (data, isBinary) => events.received(isBinary ? data : data.toString()));
  onRefusal(socket, (reason) => {
    failure = reason;
  });
  socket.on('error', (error) => {
    failure ??= reasonOf(error);
  });
  socket.on('close', (code, bytes) => {
    const reason = bytes.toString();
    events.closed(failure ?? closeText(code, reason), { code, reason });
  });
  return socket;
};

/**
 * Connects to a gateway, and reconnects whenever that can help, until {@link Client.close}.
 * @throws TypeError for an invalid address. @throws RangeError for an invalid limit.
 */
export function connect(options: ConnectOptions): Client {
  return new Client(options, openSocket);
}
