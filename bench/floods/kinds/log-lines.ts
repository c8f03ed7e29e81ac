/** Peers that cause log lines as fast as possible, with a log that is read, not read, or on a full disk. */
import type { Attack, ErrorOutput, Flood, Target } from '../flood.ts';
import { scaled } from '../flood.ts';
import { smallFrame } from '../small-frame.ts';
import { closeAll, dial } from '../wire.ts';
import { sendTexts } from './short-sessions.ts';

const textLoops = 32;
const posters = 8;

/** Text messages end sessions and frames fail; each causes a log line. */
function makeLines(target: Target): Attack {
  const texts = sendTexts(target, scaled(target, textLoops));
  let failed = 0;
  const frame = smallFrame();
  const head = `POST /frames?pipeline_id=failing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${frame.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), frame]);
  const sockets = Array.from({ length: scaled(target, posters) }, (_, n) => {
    const socket = dial(target, n);
    socket.on('data', () => {
      failed += 1;
      socket.write(request);
    });
    socket.write(request);
    return socket;
  });
  return {
    stop: () => {
      closeAll(sockets);
      return { ...texts.stop(), failed_frames: failed };
    },
  };
}

function flood(name: string, about: string, errorOutput: ErrorOutput): Flood {
  return { name, about: `log lines as fast as peers can cause them, ${about}`, errorOutput, start: makeLines };
}

export const logLines: readonly Flood[] = [
  flood('log-lines/read', 'to a pipe that is read', 'read'),
  flood('log-lines/unread', 'to a pipe that is not read', 'unread'),
  flood('log-lines/full-disk', 'to a full disk', 'full'),
];
