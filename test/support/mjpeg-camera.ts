/** An HTTP camera that sends JPEGs as multipart/x-mixed-replace, like most network cameras, or without headers. Tests only. */
import { createServer, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { type Listening, listenUntilOver } from './listening.ts';

export interface MjpegCamera extends Listening {
  readonly url: string;
  /** Currently connected viewers. */
  readonly viewers: ReadonlySet<ServerResponse>;
  /** Number of requests so far. */
  readonly visits: () => number;
  /** Sends a frame to all viewers. */
  show(jpeg: Buffer): void;
}

export interface MjpegOptions {
  readonly port?: number;
  /** Whether parts have a Content-Length; some cameras omit it. */
  readonly withLength?: boolean;
  /** The Content-Type of each part. */
  readonly partType?: string;
  /** Concatenated JPEGs as `application/octet-stream`. */
  readonly isBare?: boolean;
  /** Responds instead of the camera. @returns false to leave the request to the camera. */
  readonly answer?: (response: ServerResponse, authorization: string | undefined) => boolean;
}

/** Serves until the test ends. */
export async function startMjpegCamera(t: Test, options: MjpegOptions = {}): Promise<MjpegCamera> {
  const { port = 0, withLength = true, partType = 'image/jpeg', isBare = false, answer = () => false } = options;
  const viewers = new Set<ServerResponse>();
  let visits = 0;
  const server = createServer((request, response) => {
    visits += 1;
    if (answer(response, request.headers.authorization)) return;
    const type = isBare ? 'application/octet-stream' : 'multipart/x-mixed-replace; boundary=frame';
    response.writeHead(200, { 'content-type': type });
    viewers.add(response);
    response.on('error', () => undefined);
    response.on('close', () => viewers.delete(response));
  });
  const listening = await listenUntilOver(t, server, port);
  return {
    ...listening,
    url: `http://127.0.0.1:${listening.port}/video`,
    viewers,
    visits: () => visits,
    show: (jpeg) => {
      const length = withLength ? `Content-Length: ${jpeg.length}\r\n` : '';
      const part = [Buffer.from(`--frame\r\nContent-Type: ${partType}\r\n${length}\r\n`), jpeg, Buffer.from('\r\n')];
      for (const viewer of viewers) viewer.write(isBare ? jpeg : Buffer.concat(part));
    },
  };
}
