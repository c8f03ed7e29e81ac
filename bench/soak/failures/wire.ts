/** Failures on the wire: peers that are silent, slow or disconnected, or that send invalid data. */
import type { Socket } from 'node:net';
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { mutate } from '../../jpeg/mutate.ts';
import { bulkyPipeline, mainPipeline } from '../models.ts';
import { below, type Failure, frameOf, pause, type Scene } from './failure.ts';
import { endOf, Peers } from './peers.ts';

/** Number of peers per failure: enough to show what the gateway keeps per peer, few enough for two shared cores. */
const peerCounts = {
  silentTcp: 300,
  silentWebSocket: 120,
  slowUpgrade: 50,
  storm: 300,
  cut: 60,
  vanished: 40,
  invalid: 40,
  text: 50,
  halfMessage: 20,
  halfBody: 20,
} as const;

const smallPauseMs = 100;
/** Pings per write, after which the event loop of this process gets a turn. */
const pingsPerWrite = 500;
const pings = 20_000;
const largePingBytes = 125;
const pipelinedRequests = 5000;
const halfBytes = 1_000_000;
const announcedBytes = 4_900_000;
const slowReaderFps = 50;
const zeroMask = Buffer.alloc(4);

type Action = (peers: Peers, scene: Scene) => Promise<void>;

function wireFailure(name: string, action: Action): Failure {
  return { name, target: 'main', run: (scene) => Peers.with(scene.gateway, (peers) => action(peers, scene)) };
}

function binary(payload: Uint8Array): Buffer {
  return clientFrame(opcode.binary, payload);
}

async function readNothing(peers: Peers, scene: Scene): Promise<void> {
  const socket = await peers.upgrade(bulkyPipeline);
  socket?.pause();
  const endMs = performance.now() + scene.holdMs;
  while (socket?.destroyed === false && performance.now() < endMs) {
    socket.write(binary(frameOf(scene)));
    await pause(1000 / slowReaderFps);
  }
}

async function openSlowly(peers: Peers, { holdMs }: Scene): Promise<void> {
  const sockets = await peers.many(peerCounts.slowUpgrade, () => peers.connect());
  const text = `GET /ws/video/stream?pipeline_id=${mainPipeline} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ${'x'.repeat(1000)}`;
  for (let at = 0; at < holdMs / smallPauseMs; at++) {
    for (const socket of sockets) socket.write(text.charAt(at));
    await pause(smallPauseMs);
  }
}

async function reconnect(peers: Peers): Promise<void> {
  await peers.many(peerCounts.storm, async () => {
    const socket = await peers.upgrade(mainPipeline);
    socket?.destroy();
    return undefined;
  });
}

async function cutFrames(peers: Peers, scene: Scene): Promise<void> {
  const sockets = await peers.many(peerCounts.cut, () => peers.upgrade(mainPipeline));
  for (const socket of sockets) {
    const message = binary(frameOf(scene));
    socket.write(message.subarray(0, 1 + below(scene.random, message.length - 1)));
  }
  await pause(smallPauseMs);
  for (const [at, socket] of sockets.entries()) {
    if (at % 2 === 0) socket.resetAndDestroy();
    else socket.end();
  }
}

async function vanish(peers: Peers, scene: Scene): Promise<void> {
  const sockets = await peers.many(peerCounts.vanished, () => peers.upgrade(mainPipeline));
  for (const socket of sockets) {
    socket.write(binary(frameOf(scene)));
    await pause(below(scene.random, smallPauseMs));
    socket.resetAndDestroy();
  }
}

async function floodWithPings(peers: Peers): Promise<void> {
  const socket = await peers.upgrade(mainPipeline);
  const ping = clientFrame(opcode.ping, new Uint8Array(largePingBytes));
  const many = Buffer.concat(Array.from({ length: pingsPerWrite }, () => ping));
  for (let sent = 0; sent < pings && socket?.destroyed === false; sent += pingsPerWrite) {
    socket.write(many);
    await pause(1);
  }
}

/** Sends a frame as one-byte fragments, and another one byte by byte on the wire. */
async function fragment(peers: Peers, scene: Scene): Promise<void> {
  const frame = frameOf(scene);
  const pieces = [...frame].map((byte, at) => {
    const isLast = at === frame.length - 1;
    return Buffer.from([(isLast ? 0x80 : 0) | (at === 0 ? opcode.binary : 0), 0x81, ...zeroMask, byte]);
  });
  const fragmented = await peers.upgrade(mainPipeline);
  fragmented?.write(Buffer.concat(pieces));
  const trickled = await peers.upgrade(mainPipeline);
  trickled?.setNoDelay();
  const endMs = performance.now() + scene.holdMs;
  for (const byte of binary(frame)) {
    if (performance.now() > endMs) break;
    trickled?.write(Uint8Array.of(byte));
    await pause(1);
  }
}

async function sendInvalid(peers: Peers, scene: Scene): Promise<void> {
  const sockets = await peers.many(peerCounts.invalid, () => peers.upgrade(mainPipeline));
  for (const socket of sockets) socket.write(binary(mutate(scene.random, scene.frames).bytes));
  const random = await peers.upgrade(mainPipeline);
  random?.write(binary(Uint8Array.from({ length: 1000 }, () => below(scene.random, 256))));
  await pause(scene.holdMs / 2);
}

async function sendTexts(peers: Peers, { holdMs }: Scene): Promise<void> {
  const sockets = await peers.many(peerCounts.text, () => peers.upgrade(mainPipeline));
  for (const socket of sockets) socket.write(clientFrame(opcode.text, Buffer.from('{"hello":"gateway"}')));
  await Promise.all(sockets.map((socket) => endOf(socket, holdMs)));
}

async function sendPartialMessages(peers: Peers, { holdMs }: Scene): Promise<void> {
  const head = binary(new Uint8Array(announcedBytes)).subarray(0, halfBytes);
  const sockets = await peers.many(peerCounts.halfMessage, () => peers.upgrade(mainPipeline));
  for (const socket of sockets) socket.write(head);
  await pause(holdMs / 2);
}

async function sendPartialBodies(peers: Peers, { holdMs }: Scene): Promise<void> {
  const head = `POST /frames?pipeline_id=${mainPipeline} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${announcedBytes}\r\n\r\n`;
  const sockets = await peers.many(peerCounts.halfBody, () => peers.connect());
  for (const socket of sockets) socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(halfBytes)]));
  await pause(holdMs / 2);
}

async function pipelineRequests(peers: Peers, { holdMs }: Scene): Promise<void> {
  const socket = await peers.connect();
  socket?.pause();
  socket?.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(pipelinedRequests));
  await pause(holdMs / 2);
}

function holdOpen(count: number, open: (peers: Peers) => () => Promise<Socket | undefined>): Action {
  return async (peers, { holdMs }) => {
    await peers.many(count, open(peers));
    await pause(holdMs);
  };
}

export const wireFailures: readonly Failure[] = [
  wireFailure('slow-reader', readNothing),
  wireFailure(
    'silent-tcp',
    holdOpen(peerCounts.silentTcp, (peers) => () => peers.connect()),
  ),
  wireFailure(
    'silent-websocket',
    holdOpen(peerCounts.silentWebSocket, (peers) => () => peers.upgrade(mainPipeline)),
  ),
  wireFailure('slow-upgrade', openSlowly),
  wireFailure('reconnect-storm', reconnect),
  wireFailure('cut-frames', cutFrames),
  wireFailure('vanished-peers', vanish),
  wireFailure('ping-flood', floodWithPings),
  wireFailure('one-byte-fragments', fragment),
  wireFailure('invalid-frames', sendInvalid),
  wireFailure('text-messages', sendTexts),
  wireFailure('half-messages', sendPartialMessages),
  wireFailure('half-bodies', sendPartialBodies),
  wireFailure('unread-requests', pipelineRequests),
];
