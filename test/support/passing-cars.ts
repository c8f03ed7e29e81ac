/** A street in simulated pictures: cars drive through, some stop on their way, and each passes the middle once. Pure. Tests only. */
import type { Image } from '../../src/models/image.ts';
import { encodeJpeg } from './samples/render-text.ts';
import { seededRandom } from './seeded-random.ts';
import { type PipelineParts, testNode } from './temp-models.ts';

const streetWidth = 320;
const streetHeight = 180;
const lanes = 3;
const laneHeight = streetHeight / lanes;
const carWidth = 26;
const carHeight = 18;
const [dark, bright] = [40, 220];

interface Car {
  readonly lane: number;
  readonly spawnMs: number;
  readonly speed: number;
  readonly stopAtX: number;
  readonly stopMs: number;
}

/** A car passed the middle of its lane. */
export interface Passage {
  readonly label: string;
  readonly atMs: number;
}

/** Label of the boxes in a lane, and the direction of its cars. */
const labelOfLane = (lane: number) => `lane${lane}`;
const isRightward = (lane: number) => lane % 2 === 0;

/** Cars for this long; the last ones leave some seconds later. Times count from the start. */
export class Street {
  readonly #cars: Car[] = [];

  constructor(seed: number, durationMs: number) {
    const random = seededRandom(seed);
    for (let lane = 0; lane < lanes; lane++) {
      // Far enough apart that no car reaches the one before it.
      for (let spawnMs = random() * 1500; spawnMs < durationMs; spawnMs += 3500 + random() * 4000) {
        const stopMs = random() < 0.25 ? 300 + random() * 700 : 0;
        this.#cars.push({ lane, spawnMs, speed: 70 + random() * 30, stopAtX: 40 + random() * 240, stopMs });
      }
    }
  }

  /** When the last car has left. */
  get endMs(): number {
    return Math.max(...this.#cars.map((car) => car.spawnMs + timeTo(car, streetWidth + carWidth)));
  }

  get passages(): Passage[] {
    const middle = (streetWidth + carWidth) / 2;
    return this.#cars
      .map((car) => ({ label: labelOfLane(car.lane), atMs: car.spawnMs + timeTo(car, middle) }))
      .sort((a, b) => a.atMs - b.atMs);
  }

  /** The picture at a time, as JPEG. */
  jpegAt(nowMs: number): Uint8Array {
    return encodeJpeg(this.imageAt(nowMs));
  }

  imageAt(nowMs: number): Image {
    const data = new Uint8Array(streetWidth * streetHeight * 3).fill(dark);
    for (const car of this.#cars) {
      const driven = distanceAt(car, nowMs - car.spawnMs);
      if (driven <= 0 || driven >= streetWidth + carWidth) continue;
      const left = Math.round(isRightward(car.lane) ? driven - carWidth : streetWidth - driven);
      const top = Math.round((car.lane + 0.5) * laneHeight - carHeight / 2);
      for (let y = top; y < top + carHeight; y++) {
        const from = Math.max(0, left);
        const to = Math.min(streetWidth, left + carWidth);
        data.fill(bright, (y * streetWidth + from) * 3, (y * streetWidth + to) * 3);
      }
    }
    return { width: streetWidth, height: streetHeight, channels: 3, data };
  }
}

/** How far a car has driven after a time, with its stop. */
function distanceAt({ speed, stopAtX, stopMs }: Car, ms: number): number {
  const free = (speed * ms) / 1000;
  return free <= stopAtX ? free : Math.max(stopAtX, (speed * (ms - stopMs)) / 1000);
}

function timeTo({ speed, stopAtX, stopMs }: Car, x: number): number {
  return (x * 1000) / speed + (x > stopAtX ? stopMs : 0);
}

/** A car has crossed the middle, as an event of `scene.zones`. */
export interface Crossing {
  readonly label: string;
  readonly direction: string;
  readonly at_ms: number;
}

/**
 * Pairs the events of each lane with its passages in order of time.
 * @param startMs when the street began, in the events' time.
 * @param maxLateMs a car is reported when it is past the line for sure, at the latest so long after it has passed.
 */
export function pairPassages<Event extends Crossing>(
  passages: readonly Passage[],
  crossings: readonly Event[],
  { startMs, maxLateMs }: { readonly startMs: number; readonly maxLateMs: number },
): { readonly missing: Passage[]; readonly unexpected: Event[] } {
  const unpaired = new Set(crossings);
  const missing = passages.filter(({ label, atMs }) => {
    const event = [...unpaired].find((each) => {
      const lateMs = each.at_ms - startMs - atMs;
      return each.label === label && each.direction === directionOf(label) && lateMs > -1000 && lateMs < maxLateMs;
    });
    return event === undefined || !unpaired.delete(event);
  });
  return { missing, unexpected: [...unpaired] };
}

/** The line points down, so what goes to the right on the picture passes from its right to its left side. */
function directionOf(label: string): string {
  const lane = [0, 1, 2].find((each) => labelOfLane(each) === label) ?? 0;
  return isRightward(lane) ? 'out' : 'in';
}

/** The pipeline: the cars are found, followed, and counted in the middle. @param ms how long finding takes. */
export function streetPipeline(ms?: number): PipelineParts {
  const zones = [
    {
      name: 'middle',
      line: [
        [0.5, 0],
        [0.5, 1],
      ],
    },
  ];
  return {
    id: 'street',
    nodes: [
      testNode('find', 'find_cars', ms === undefined ? {} : { ms }),
      { id: 'track', plugin_id: 'track', tool_id: 'objects' },
      { id: 'scene', plugin_id: 'scene', tool_id: 'zones', params: { anchor: 'center', zones } },
    ],
  };
}

/**
 * Members of the tool `test.find_cars`: finds the cars of the street in its pictures, as a detector would: boxes tremble, one in twenty is
 * missed, scores vary.
 */
export const findCarsTool = `
  outputs: ['detections'],
  async create({ ms = 30 }) {
    const noise = (a, b) => { const x = Math.sin(a * 12.9898 + b * 78.233) * 43758.5453; return x - Math.floor(x); };
    return {
      async run({ image: { width, height, data } }) {
        // As long as a small model takes, so that some frames are under way when their worker is lost.
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        const detections = [];
        for (let lane = 0; lane < ${lanes}; lane++) {
          const row = Math.round((lane + 0.5) * ${laneHeight}) * width;
          let from = -1;
          for (let x = 0; x <= width; x++) {
            const isCar = x < width && data[(row + x) * 3] > 128;
            if (isCar && from < 0) from = x;
            if (isCar || from < 0) continue;
            const [a, b] = [noise(from, x + lane), noise(x, from + lane)];
            const box = { x: from + 3 * a - 1.5, y: lane * ${laneHeight} + ${(laneHeight - carHeight) / 2} + 3 * b - 1.5 };
            if (noise(a, b) > 0.05) detections.push({ ...box, w: x - from, h: ${carHeight}, label: 'lane' + lane, score: 0.55 + 0.4 * a });
            from = -1;
          }
        }
        return { detections };
      },
    };
  },`;
