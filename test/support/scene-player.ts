/** Plays the frames of a scene with one area and one line. Tests only. */
import type { Point, SceneCounts, SceneEvent, Track } from '../../src/protocol.ts';
import { type SceneOptions, stepScene } from '../../src/zones/scene.ts';
import type { SceneZone } from '../../src/zones/zone-params.ts';
import { initialZoneState, type ZoneState, zoneStateSchema } from '../../src/zones/zone-state.ts';

export const yard: SceneZone = {
  name: 'yard',
  area: [
    [0.2, 0.2],
    [0.8, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
  ],
  dwell_ms: 1000,
};
export const gate: SceneZone = {
  name: 'gate',
  line: [
    [0, 0.5],
    [1, 0.5],
  ],
};
export const sceneOptions: SceneOptions = { zones: [yard, gate], anchor: 'center', margin: 0.1 };

export const track = (track_id: number, x: number, y: number, more: Partial<Track> = {}): Track => ({
  ...{ track_id, label: 'car', x: x - 20, y: y - 20, w: 40, h: 40, vx: 0, vy: 0, age_ms: 0, lost_ms: 0 },
  ...more,
});

/** Plays frames of 1000 × 1000 pixels, as the gateway does: the state is text in between. */
export class Scene {
  readonly events: SceneEvent[] = [];
  readonly #options: SceneOptions;
  #state = JSON.stringify(initialZoneState);
  counts: SceneCounts = {};
  stateBytes = 0;

  constructor(changes: Partial<SceneOptions> = {}) {
    this.#options = { ...sceneOptions, ...changes };
  }

  frame(sessionMs: number, ...tracks: readonly Track[]): readonly string[] {
    return this.frameOf([1000, 1000], sessionMs, tracks);
  }

  frameOf([width, height]: Point, sessionMs: number, tracks: readonly Track[]): readonly string[] {
    const clock = { sessionMs, elapsedMs: undefined, unixMs: 1_700_000_000_000 + sessionMs };
    const frame = { tracks, width, height, clock, textOf: () => ({}) };
    const step = stepScene(JSON.parse(this.#state) as ZoneState, frame, this.#options);
    zoneStateSchema.parse(step.state);
    this.#state = JSON.stringify(step.state);
    this.stateBytes = Buffer.byteLength(this.#state);
    this.counts = step.counts;
    this.events.push(...step.events);
    return step.events.map(({ type, zone, direction }) => [type, zone, direction].filter(Boolean).join(' '));
  }
}
