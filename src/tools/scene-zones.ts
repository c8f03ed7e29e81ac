/** `scene.zones`: reports objects that enter, leave or stay in areas, and cross lines; and counts them. */
import { z } from 'zod';
import type { SceneEvent } from '../protocol.ts';
import { type SceneFrame, stepScene } from '../zones/scene.ts';
import { zonesSchema } from '../zones/zone-params.ts';
import { initialZoneState, type ZoneState, zoneStateSchema } from '../zones/zone-state.ts';
import { defineStatefulTool, type Ports } from './tool.ts';

const paramsSchema = z.strictObject({
  /** Areas and lines, as fractions of the frame's width and height. */
  zones: zonesSchema,
  /** The point of a box that stands for the object: where it touches the ground, or its middle. */
  anchor: z.enum(['bottom', 'center']).default('bottom'),
  /** How far an object must be beyond a line or an outline to have passed it, as a fraction of the smaller side of its box. */
  margin: z.number().min(0).max(2).default(0.1),
});

type Params = z.infer<typeof paramsSchema>;

/** The texts of the tracks in a frame, for the events. */
function textsIn(detections: Ports['detections'] = []): SceneFrame['textOf'] {
  const texts = new Map<number, Pick<SceneEvent, 'text' | 'text_score'>>();
  for (const { track_id, text, text_score } of detections) {
    if (track_id !== undefined && text) texts.set(track_id, { text, ...(text_score !== undefined && { text_score }) });
  }
  return (trackId) => texts.get(trackId) ?? {};
}

export const sceneZones = defineStatefulTool<Params, ZoneState>({
  pluginId: 'scene',
  toolId: 'zones',
  description: 'Reports objects that enter, leave or stay in areas, or cross lines, and counts them',
  inputs: ['tracks'],
  outputs: ['events', 'counts'],
  failureDetail: 'Zones failed',
  params: paramsSchema,
  state: { schema: zoneStateSchema, initial: initialZoneState },
  zones: ({ zones }) => zones,
  async create(options) {
    return {
      run({ image: { width, height }, tracks = [], detections }, { state, clock }) {
        const frame = { tracks, width, height, clock, textOf: textsIn(detections) };
        const { state: next, events, counts } = stepScene(state, frame, options);
        return { outputs: { events, counts }, state: next };
      },
    };
  },
});
