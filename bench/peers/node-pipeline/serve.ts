/** The WebSocket server of both Node peers: one JSON reply per frame, `slow_down` from the drops since connect. Main thread. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { invalidFrame } from './image.ts';
import type { Result } from './pipeline.ts';

/** Processes one frame of a session; `undefined` if it was dropped. */
export type Answer = (frame: Buffer) => Promise<Result | undefined>;

const streamPath = '/ws/video/stream';
const pipelineId = 'yolo_ocr';
const maxFrameBytes = 5 * 1024 * 1024;
/** Above this `ws` closes the connection without a message; below it the sender gets an error. */
const maxPayload = 4 * maxFrameBytes;
/** Fraction of dropped frames above which the sender gets `slow_down`. */
const slowDownRate = 0.3;
/** Minimum number of frames for a meaningful rate. */
const minFrames = 10;

/**
 * Serves until SIGTERM, then closes every stream.
 * @param openSession called once per stream.
 * @param close releases resources after the last stream.
 */
export async function serve(port: number, openSession: () => Answer, close?: () => Promise<void>): Promise<void> {
  const server = new WebSocketServer({ host: '127.0.0.1', port, path: streamPath, maxPayload });
  server.on('connection', (socket, request) => {
    // A broken connection is followed by its close event; nothing else to do.
    socket.on('error', () => undefined);
    const id = new URL(request.url ?? '', 'ws://localhost').searchParams.get('pipeline_id');
    if (id === pipelineId) answerFrames(socket, openSession());
    else if (id) fail(socket, 1008, 'invalid_pipeline', `Unknown pipeline_id: ${id}`);
    else fail(socket, 1008, 'invalid_pipeline', 'pipeline_id query parameter is required');
  });
  process.once('SIGTERM', async () => {
    server.close();
    for (const socket of server.clients) socket.close(1001);
    await close?.();
    process.exit(0);
  });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  console.log(`listening on ws://127.0.0.1:${address.port}${streamPath}?pipeline_id=${pipelineId}`);
}

function answerFrames(socket: WebSocket, answer: Answer): void {
  let frames = 0;
  let drops = 0;
  let isWarned = false;
  socket.on('message', async (data, isBinary) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const frame = data as Buffer;
    if (!isBinary) return fail(socket, 1003, 'invalid_message', 'Expected binary frame payload');
    if (frame.length > maxFrameBytes) return fail(socket, 1009, 'frame_too_large', 'Frame exceeds 5MB');
    const frameIndex = frames++;
    try {
      const result = await answer(frame);
      drops += result === undefined ? 1 : 0;
      send(socket, { frame_index: frameIndex, ...(result === undefined ? { dropped: true } : { result }) });
    } catch (error) {
      return failFrame(socket, error);
    }
    const wasWarned = isWarned;
    isWarned = isTooFast(frames, drops);
    if (isWarned && !wasWarned) send(socket, { warning: 'slow_down' });
  });
}

function isTooFast(frames: number, drops: number): boolean {
  return frames >= minFrames && drops / frames > slowDownRate;
}

function failFrame(socket: WebSocket, error: unknown): void {
  if ((error as Error).message === invalidFrame) fail(socket, 1007, 'invalid_frame', invalidFrame);
  else fail(socket, 1011, 'pipeline_failure', 'YOLO inference failed');
}

function fail(socket: WebSocket, code: number, error: string, detail: string): void {
  send(socket, { error, detail });
  socket.close(code);
}

function send(socket: WebSocket, message: object): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}
