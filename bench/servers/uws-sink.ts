/** A bare uWebSockets.js server that answers each message at once and does nothing else: the floor of what a message costs. */
import uws from 'uWebSockets.js';

const answer = '{"frame_index":0,"dropped":true}';
/** As the gateway is set up. */
const maxPayloadLength = 16 * 1_048_576;

const app = uws.App();
app.ws('/*', {
  maxPayloadLength,
  message: (socket) => {
    socket.send(answer);
  },
});
app.listen('127.0.0.1', 0, (socket) => {
  if (!socket) throw new Error('the sink cannot listen');
  process.stdout.write(`listening on ws://127.0.0.1:${uws.us_socket_local_port(socket)}\n`);
});
process.once('SIGTERM', () => process.exit(0));
