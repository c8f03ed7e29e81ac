/** Faults of workers and of what they load: threads that die, hang or run out of memory, and model files that go away. */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { detectorPath, frameTimeoutMs, type harmfulPipelines } from '../models.ts';
import { type Failure, frameOf, pause, type Scene } from './failure.ts';
import { endOf, Peers } from './peers.ts';

type HarmfulPipeline = keyof typeof harmfulPipelines;

/** A frame that is to do harm is sent again as long as it is dropped because others were served. */
const resendMs = 200;
/** From its timeout on a frame's session has this long to be closed. */
const graceMs = 3000;
/** Bytes of a file that is no model. */
const garbageBytes = 100_000;

/** Sends frames to a harmful pipeline until the session is ended for it: by a second lost worker or by a timeout. */
async function harmWorkers(peers: Peers, scene: Scene, pipelineId: HarmfulPipeline, maxMs: number): Promise<void> {
  const socket = await peers.upgrade(pipelineId);
  const endMs = performance.now() + maxMs;
  while (socket?.destroyed === false && performance.now() < endMs) {
    socket.write(clientFrame(opcode.binary, frameOf(scene)));
    await endOf(socket, resendMs);
  }
}

function harmfulFailure(name: string, pipelineId: HarmfulPipeline): Failure {
  return {
    name,
    target: 'main',
    run: async (scene) => {
      await Peers.with(scene.gateway, (peers) => harmWorkers(peers, scene, pipelineId, frameTimeoutMs + graceMs));
      await scene.gateway.allReady();
    },
  };
}

/** While a model file is away, workers are lost, and their replacements find what is there instead. Then it comes back. */
function modelFailure(name: string, replacement: Uint8Array | undefined): Failure {
  return {
    name,
    target: 'main',
    run: async (scene) => {
      const path = detectorPath(scene.modelsDir);
      const kept = `${path}.kept`;
      renameSync(path, kept);
      try {
        if (replacement !== undefined) writeFileSync(path, replacement);
        const awayMs = scene.holdMs / 2;
        await Promise.all([
          Peers.with(scene.gateway, (peers) => harmWorkers(peers, scene, 'soak_exit', awayMs)),
          pause(awayMs),
        ]);
      } finally {
        rmSync(path, { force: true });
        renameSync(kept, path);
      }
      await scene.gateway.allReady();
    },
  };
}

export const workerFailures: readonly Failure[] = [
  harmfulFailure('worker-throws', 'soak_die'),
  harmfulFailure('worker-exits', 'soak_exit'),
  harmfulFailure('worker-out-of-memory', 'soak_exhaust'),
  harmfulFailure('worker-blocks', 'soak_block'),
  harmfulFailure('worker-spins', 'soak_spin'),
  harmfulFailure('worker-loops', 'soak_loop'),
  harmfulFailure('worker-never-answers', 'soak_hang'),
  modelFailure('model-removed', undefined),
  modelFailure('model-replaced', randomBytes(garbageBytes)),
];
