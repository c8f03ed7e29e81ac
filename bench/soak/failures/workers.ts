/** Failures of workers and models: threads that exit, hang or run out of memory, and model files that disappear. */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { detectorPath, type failingPipelines, frameTimeoutMs } from '../models.ts';
import { type Failure, frameOf, pause, type Scene } from './failure.ts';
import { endOf, Peers } from './peers.ts';

type FailingPipeline = keyof typeof failingPipelines;

/** Resend interval: a frame may be dropped because other frames were served. */
const resendMs = 200;
/** Maximum time from a frame's timeout to the close of its session. */
const closeTimeoutMs = 3000;
/** Size of an invalid model file. */
const garbageBytes = 100_000;

/** Sends frames to a failing pipeline until the session is closed, because of a second lost worker or a timeout. */
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

/** Removes or replaces a model file while workers exit, so that their replacements cannot load it. Then restores it. */
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
