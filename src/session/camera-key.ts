/** What makes two sessions those of the same camera. Pure. */
import type { SessionStatus } from '../status.ts';

/** The parts of a session that stay the same when its camera reconnects. */
export type CameraParts = Pick<SessionStatus, 'camera' | 'address' | 'pipeline'>;

/** Equal for the same name, address and pipeline. */
export function cameraKey({ camera, address, pipeline }: CameraParts): string {
  return JSON.stringify([camera, address, pipeline]);
}
