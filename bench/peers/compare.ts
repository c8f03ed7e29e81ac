/** How far a peer's answers agree with the gateway's own. */
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Detection, ServerMessage } from '../../src/protocol.ts';
import { iou } from '../eval/score.ts';

export interface Agreement {
  /** Detections of the gateway and of the peer. */
  readonly expected: number;
  readonly found: number;
  /** Of them, those at the same place: IoU 0.9 or more. */
  readonly sameBox: number;
  /** At the same place and with the same text. */
  readonly sameText: number;
  /** A line for each detection that has no such counterpart. */
  readonly differences: readonly string[];
}

const sameBoxIou = 0.9;

type Answers = readonly (readonly Detection[])[];

/** Compares the answers of the gateway with those of a peer to the same frames. */
export function compareAnswers(expected: Answers, found: Answers): Agreement {
  const differences: string[] = [];
  let sameBox = 0;
  let sameText = 0;
  for (const [frame, wanted] of expected.entries()) {
    const open = [...(found[frame] ?? [])];
    for (const detection of wanted) {
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

function count(answers: Answers): number {
  return answers.flat().length;
}

function describe(detection: Detection | undefined): string {
  if (detection === undefined) return 'nothing there';
  const { x, y, w, h, score, text } = detection;
  return `"${text}" at ${x},${y} ${w}x${h}, score ${score}`;
}

/**
 * Sends frames one after the other, the next when the last is answered; one that was dropped is sent again.
 * @param url of a stream, or of an endpoint that takes a frame in each request.
 * @throws Error when the stream ends or the peer tells of an error.
 */
export function askForAnswers(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  return url.startsWith('http:') ? askByRequest(url, frames) : askOnStream(url, frames);
}

async function askByRequest(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  const answers: Detection[][] = [];
  for (const frame of frames) {
    const response = await fetch(url, { method: 'POST', body: frame, headers: { 'content-type': 'image/jpeg' } });
    const message = (await response.json()) as ServerMessage;
    if (!('result' in message)) throw new Error(`${response.status}: ${JSON.stringify(message)}`);
    answers.push(message.result.detections ?? []);
  }
  return answers;
}

async function askOnStream(url: string, frames: readonly Uint8Array[]): Promise<Detection[][]> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const answers: Detection[][] = [];
  for (const frame of frames) {
    let answer: Detection[] | undefined;
    while (answer === undefined) answer = await ask(socket, frame);
    answers.push(answer);
  }
  socket.close();
  await once(socket, 'close');
  return answers;
}

/** @returns `undefined` when the frame was dropped. */
function ask(socket: WebSocket, frame: Uint8Array): Promise<Detection[] | undefined> {
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
      reject(new Error(`the stream was closed with ${code}`));
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
