/** A bare uWebSockets.js server that replies to each message immediately: the minimum cost of a message. */
import { App, us_socket_local_port } from 'uWebSockets.js';

/** Per-socket data. */
interface SocketData {
  frameIndex: number;
}

/** The same settings as the gateway. */
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
  if (!socket) throw new Error('cannot listen');
  process.stdout.write(`listening on ws://127.0.0.1:${us_socket_local_port(socket)}\n`);
});
process.once('SIGTERM', () => process.exit(0));
