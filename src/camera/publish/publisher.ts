/** Hands what the bridges report to the targets. Main thread of the bridge. */
import type { BridgeEvent } from '../bridge.ts';
import type { Target } from './target.ts';

/** A target and the cameras that publish to it. */
export interface Route {
  readonly target: Target;
  readonly cameras: ReadonlySet<string>;
}

interface CameraState {
  isLive: boolean;
  hasGateway: boolean;
}

export class Publisher {
  readonly #routes: readonly Route[];
  readonly #states = new Map<string, CameraState>();

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  /** @param camera the name under which its events are published. */
  onBridgeEvent(camera: string, event: BridgeEvent): void {
    switch (event.type) {
      case 'events':
        for (const target of this.#targetsOf(camera)) for (const item of event.events) target.publish(item);
        break;
      case 'result': {
        // Custom tools may return any shape, even no object.
        const counts = (event.result as { counts?: unknown } | null)?.counts;
        if (counts !== undefined) for (const target of this.#targetsOf(camera)) target.count?.(camera, counts);
        break;
      }
      case 'source':
        this.#update(camera, { isLive: event.state.state === 'live' });
        break;
      case 'gateway':
        this.#update(camera, { hasGateway: event.state === 'open' });
        break;
      default:
    }
  }

  /** The camera has ended. */
  ended(camera: string): void {
    this.#update(camera, { isLive: false });
  }

  /** Delivers what waits, for at most `maxMs`. @returns whether every target has everything. */
  async close(maxMs: number): Promise<boolean> {
    await Promise.all(this.#routes.map(({ target }) => target.close(maxMs)));
    return this.#routes.every(({ target }) => target.counts.waiting === 0);
  }

  /** A camera is online while its frames arrive and a gateway takes them. */
  #update(camera: string, change: Partial<CameraState>): void {
    const state = { ...(this.#states.get(camera) ?? { isLive: false, hasGateway: false }), ...change };
    this.#states.set(camera, state);
    for (const target of this.#targetsOf(camera)) target.setOnline?.(camera, state.isLive && state.hasGateway);
  }

  *#targetsOf(camera: string): Generator<Target> {
    for (const { target, cameras } of this.#routes) if (cameras.has(camera)) yield target;
  }
}
