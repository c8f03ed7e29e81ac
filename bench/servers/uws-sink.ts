/** A bare uWebSockets.js server that answers each message at once and does nothing else: the floor of what a message costs. */
import { App, us_socket_local_port } from 'uWebSockets.js';

/** What the sink keeps with a socket. */
interface SocketData {
  frameIndex: number;
}

/** As the gateway is set up. */
const maxPayloadLength = 16 * 1_048_576;

const app = App();
app.ws<SocketData>('/*', {
  maxPayloadLength,
  upgrade: (response, request, context) => {
    response.upgrade(
      { frameIndex: 0 },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  message: (socket) => {
    socket.send(`{"frame_index":${socket.getUserData().frameIndex++},"dropped":true}`);
  },
});
app.listen('127.0.0.1', 0, (socket) => {
  if (!socket) throw new Error('the sink cannot listen');
  process.stdout.write(`listening on ws://127.0.0.1:${us_socket_local_port(socket)}\n`);
});
process.once('SIGTERM', () => process.exit(0));
