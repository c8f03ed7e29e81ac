/** Runs in a browser: draws moments of the sample scene and posts them as JPEGs, with the plates that each shows. */
import { SampleScene } from '../../../src/web/sample-scene.ts';
import { type CarPlace, carsAt, plateTexts } from '../../../src/web/traffic.ts';

/** Every car of the cycle is seen at several sizes. */
const stepMs = 170;
const cycleMs = plateTexts.length * 3000;
/** The console's default. */
const quality = 0.8;

export interface Moment {
  readonly timeMs: number;
  /** A data URL. */
  readonly jpeg: string;
  readonly cars: readonly CarPlace[];
}

const scene = new SampleScene();
const moments: Moment[] = [];
for (let timeMs = 0; timeMs < cycleMs; timeMs += stepMs) {
  scene.draw(timeMs);
  moments.push({ timeMs, jpeg: scene.canvas.toDataURL('image/jpeg', quality), cars: carsAt(timeMs) });
}
await fetch('/reports', { method: 'POST', body: JSON.stringify(moments) });
