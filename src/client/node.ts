/** `framegate/client` for Node: the same client over the package `ws`, since Node 20 has no WebSocket of its own. */
import WebSocket from 'ws';
import { Client, type ConnectOptions } from './client.ts';
import { reasonOf } from './reason.ts';
import { onRefusal } from './refusal.ts';
import type { OpenSocket } from './session.ts';

export type { Detection, FrameResult, Point, Quad } from '../protocol.ts';
export type { Client, ClientEvents, ConnectOptions, State } from './client.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export type { Frame, Reply, Sent } from './session.ts';

/**
 * JPEG does not get smaller by being compressed once more; and a peer that does not answer the end of the connection must not keep
 * the process from ending (the types do not know the option yet).
 */
const socketOptions = { perMessageDeflate: false, closeTimeout: 1000 };

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, socketOptions);
  let failure: string | undefined;
  socket.on('open', () => events.opened());
  socket.on('message', (data, isBinary) => events.received(isBinary ? data : data.toString()));
  onRefusal(socket, (reason) => {
    failure = reason;
  });
  socket.on('error', (error) => {
    failure ??= reasonOf(error);
  });
  socket.on('close', (code) => events.closed(failure ?? `The connection ended (${code})`));
  return socket;
};

/**
 * Connects to a gateway, and connects again whenever that may help, until {@link Client.close}.
 * @throws TypeError for a bad address. @throws RangeError for a limit that nothing could keep to.
 */
export function connect(options: ConnectOptions): Client {
  return new Client(options, openSocket);
}
