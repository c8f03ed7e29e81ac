/** Where tracks were in the last seconds. Pure: time is an argument. */

/** How long a place stays in a trail. */
export const trailMs = 3000;
/** Trails at a time. Of more tracks than that, the first ones have one. */
export const maxTrails = 100;
/** Time between two places of a trail, except for its end: at 30 frames per second every other one is kept. */
const minStepMs = 50;
/** Places of a trail, at any frame rate: one per step, the one before the first step, and the end. */
export const maxPlaces = trailMs / minStepMs + 2;

export interface Place {
  /** In pixels of the frame. */
  readonly x: number;
  readonly y: number;
  readonly atMs: number;
}

/** A box with the number of its track, in pixels of the frame. */
export interface TrackedBox {
  readonly track_id?: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Since it was last detected. A predicted box leaves no trail. */
  readonly lost_ms?: number;
}

export class Trails {
  readonly #places = new Map<number, Place[]>();

  /** The trails by track, oldest place first. A track that is gone keeps its trail until it has faded. */
  get trails(): ReadonlyMap<number, readonly Place[]> {
    return this.#places;
  }

  /** Adds the boxes of a frame: the middles of their lower sides, where most objects stand on the ground, and which cover no text. */
  add(boxes: readonly TrackedBox[], nowMs: number): void {
    for (const { track_id: id, x, y, w, h, lost_ms: lostMs = 0 } of boxes) {
      if (id === undefined || lostMs > 0) continue;
      const places = this.#places.get(id) ?? [];
      if (!this.#places.has(id)) {
        if (this.#places.size >= maxTrails) continue;
        this.#places.set(id, places);
      }
      // The newest place moves along until it is late enough after the one before it.
      const [previous, newest] = [places.at(-2), places.at(-1)];
      if (previous !== undefined && newest !== undefined && newest.atMs - previous.atMs < minStepMs) places.pop();
      places.push({ x: x + w / 2, y: y + h, atMs: nowMs });
    }
    this.#forget(nowMs - trailMs);
  }

  clear(): void {
    this.#places.clear();
  }

  #forget(beforeMs: number): void {
    for (const [id, places] of this.#places) {
      const first = places.findIndex(({ atMs }) => atMs > beforeMs);
      if (first < 0) this.#places.delete(id);
      else places.splice(0, first);
    }
  }
}
