/** Faults of workers and of what they load: threads that die, hang or run out of memory, and model files that go away. */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { detectorPath, type failingPipelines, frameTimeoutMs } from '../models.ts';
import { type Failure, frameOf, pause, type Scene } from './failure.ts';
import { endOf, Peers } from './peers.ts';

type FailingPipeline = keyof typeof failingPipelines;

/** A frame that is to do harm is sent again as long as it is dropped because others were served. */
const resendMs = 200;
/** From its timeout on a frame's session has this long to be closed. */
const closeTimeoutMs = 3000;
/** Bytes of a file that is no model. */
const garbageBytes = 100_000;

/** Sends frames to a harmful pipeline until the session is ended for it: by a second lost worker or by a timeout. */
async function triggerFailure(peers: Peers, scene: Scene, pipelineId: FailingPipeline, maxMs: number): Promise<void> {
  const socket = await peers.upgrade(pipelineId);
  const endMs = performance.now() + maxMs;
  while (socket?.destroyed === false && performance.now() < endMs) {
    socket.write(clientFrame(opcode.binary, frameOf(scene)));
    await endOf(socket, resendMs);
  }
}

function pipelineFailure(name: string, pipelineId: FailingPipeline): Failure {
  return {
    name,
    target: 'main',
    run: async (scene) => {
      await Peers.with(scene.gateway, (peers) =>
        triggerFailure(peers, scene, pipelineId, frameTimeoutMs + closeTimeoutMs),
      );
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
          Peers.with(scene.gateway, (peers) => triggerFailure(peers, scene, 'soak_exit', awayMs)),
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
  pipelineFailure('worker-throws', 'soak_die'),
  pipelineFailure('worker-exits', 'soak_exit'),
  pipelineFailure('worker-out-of-memory', 'soak_exhaust'),
  pipelineFailure('worker-blocks', 'soak_block'),
  pipelineFailure('worker-spins', 'soak_spin'),
  pipelineFailure('worker-loops', 'soak_loop'),
  pipelineFailure('worker-never-answers', 'soak_hang'),
  modelFailure('model-removed', undefined),
  modelFailure('model-replaced', randomBytes(garbageBytes)),
];
