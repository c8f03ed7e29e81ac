/** Runs `track.objects` on the frames of a sequence as the gateway does: the state goes through its text after every frame. */

import { readStates, type StatefulNode, writeStates } from '../../src/pipeline/session-states.ts';
import type { Detection } from '../../src/protocol.ts';
import type { Ports, StatefulInstance } from '../../src/tools/tool.ts';
import { trackObjects } from '../../src/tools/track-objects.ts';
import { noTracks, type TrackerState, trackerStateSchema } from '../../src/tracking/track-state.ts';
import type { Hypothesis } from './score.ts';
import type { Sequence } from './simulation.ts';

/** The pixels do not matter to a tracker, only the size does. */
const noPixels = new Uint8Array();

/** A session with one tracker. */
export class TrackedSession {
  readonly #tool: StatefulInstance<TrackerState>;
  readonly #nodes: readonly StatefulNode[];
  #state = '';
  #lastMs: number | undefined;

  private constructor(tool: StatefulInstance<TrackerState>, params: object) {
    this.#tool = tool;
    const state = { schema: trackerStateSchema, initial: noTracks, fingerprint: 'bench' };
    const tracker = trackObjects as unknown as StatefulNode['tool'];
    this.#nodes = [{ id: 'track', tool: tracker, params, inputs: ['detections'], state, zones: [] }];
  }

  /** @param params as in a pipeline file. */
  static async open(params: object = {}): Promise<TrackedSession> {
    const context = { models: unusedModels, modelsDir: '', providers: [] };
    const tool = await trackObjects.create(trackObjects.params.parse(params), context);
    return new TrackedSession(tool as StatefulInstance<TrackerState>, params);
  }

  /** Bytes of the session's state. */
  get stateBytes(): number {
    return Buffer.byteLength(this.#state);
  }

  /** @param sessionMs when the frame arrived. */
  async step(
    detections: readonly Detection[],
    size: { readonly width: number; readonly height: number },
    sessionMs: number,
  ) {
    const clock = {
      sessionMs,
      elapsedMs: this.#lastMs === undefined ? undefined : sessionMs - this.#lastMs,
      unixMs: sessionMs,
    };
    const state = readStates(this.#state, this.#nodes).get('track') as TrackerState;
    const inputs: Ports = { image: { ...size, channels: 3, data: noPixels }, detections };
    const step = await this.#tool.run(inputs, { state, clock });
    this.#state = writeStates(new Map([['track', step.state]]), this.#nodes);
    this.#lastMs = sessionMs;
    return step.outputs;
  }
}

const unusedModels = {
  load: async () => {
    throw new Error('a tracker loads no models');
  },
  check: () => [],
};

/** The boxes with a track of every frame. */
export async function trackSequence(sequence: Sequence, params?: object): Promise<Hypothesis[][]> {
  const session = await TrackedSession.open(params);
  const reported: Hypothesis[][] = [];
  for (const { detections, atMs } of sequence.frames) {
    const outputs = await session.step(detections, sequence, atMs);
    reported.push(
      (outputs.detections ?? []).flatMap(({ track_id, x, y, w, h }) =>
        track_id === undefined ? [] : [{ id: track_id, x, y, w, h }],
      ),
    );
  }
  return reported;
}
