/** Compares a peer's results with the gateway's. */
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Detection, ServerMessage } from '../../src/protocol.ts';
import { iou } from '../eval/score.ts';

export interface Agreement {
  /** Detections of the gateway and of the peer. */
  readonly expected: number;
  readonly found: number;
  /** Detections at the same position: IoU 0.9 or more. */
  readonly sameBox: number;
  /** Detections at the same position with the same text. */
  readonly sameText: number;
  /** One line per detection without such a counterpart. */
  readonly differences: readonly string[];
}

const sameBoxIou = 0.9;

type Results = readonly (readonly Detection[])[];

/** Compares the results of the gateway and of a peer for the same frames. */
export function compareResults(expected: Results, found: Results): Agreement {
  const differences: string[] = [];
  let sameBox = 0;
  let sameText = 0;
  for (const [frame, expectedDetections] of expected.entries()) {
    const open = [...(found[frame] ?? [])];
    for (const detection of expectedDetections) {
      const at = open.findIndex((other) => iou(detection, other) >= sameBoxIou);
      const [match] = at < 0 ? [] : open.splice(at, 1);
      sameBox += match === undefined ? 0 : 1;
      if (match?.text === detection.text) sameText += 1;
      else differences.push(`frame ${frame}: gateway ${describe(detection)}, peer ${describe(match)}`);
    }
    for (const detection of open) differences.push(`frame ${frame}: gateway nothing, peer ${describe(detection)}`);
  }
  return { expected: count(expected), found: count(found), sameBox, sameText, differences };
}

function count(results: Results): number {
  return results.flat().length;
}

function describe(detection: Detection | undefined): string {
  if (detection === undefined) return 'nothing';
  const { x, y, w, h, score, text } = detection;
  return `"${text}" at ${x},${y} ${w}x${h}, score ${score}`;
}

/**
 * Sends frames one at a time and waits for each result. A dropped frame is sent again.
 * @param url of a stream, or of an endpoint that takes one frame per request.
 * @throws Error when the stream ends or the peer returns an error.
 */
export function requestResults(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  return url.startsWith('http:') ? requestOverHttp(url, frames) : requestOnStream(url, frames);
}

async function requestOverHttp(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  const results: Detection[][] = [];
  for (const frame of frames) {
    const response = await fetch(url, { method: 'POST', body: frame, headers: { 'content-type': 'image/jpeg' } });
    const message = (await response.json()) as ServerMessage;
    if (!('result' in message)) throw new Error(`${response.status}: ${JSON.stringify(message)}`);
    results.push(message.result.detections ?? []);
  }
  return results;
}

async function requestOnStream(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const results: Detection[][] = [];
  for (const frame of frames) {
    let result: Detection[] | undefined;
    while (result === undefined) result = await sendFrame(socket, frame);
    results.push(result);
  }
  socket.close();
  await once(socket, 'close');
  return results;
}

/** @returns `undefined` when the frame was dropped. */
function sendFrame(socket: WebSocket, frame: Uint8Array): Promise<Detection[] | undefined> {
  return new Promise((resolve, reject) => {
    const onMessage = (data: WebSocket.RawData) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      if ('warning' in message) return;
      finish();
      if ('error' in message) reject(new Error(`${message.error}: ${message.detail}`));
      else resolve('result' in message ? (message.result.detections ?? []) : undefined);
    };
    const onClose = (code: number) => {
      finish();
      reject(new Error(`stream closed with code ${code}`));
    };
    const finish = () => {
      socket.off('message', onMessage);
      socket.off('close', onClose);
    };
    socket.on('message', onMessage);
    socket.on('close', onClose);
    socket.send(frame);
  });
}
