/** The sample scene: an animated street with cars and license plates, so that the console works without a camera. */
import { createCanvas, type Image } from '../samples/canvas.ts';
import { cutOut, toRgba } from '../samples/cut-out.ts';
import { drawCar, drawPlate, horizonOf, plateBox, renderEmptyScene } from '../samples/render-plate.ts';
import { bodyCount, type CarPlace, carsAt, sceneHeight, sceneWidth } from './traffic.ts';

/** Seed for the street's houses and light. */
const streetSeed = 21;
/** Cars and plates are rendered once, for plates of these widths, and then scaled. */
const carPlate = 150;
const platePixels = 220;
/** Car image in plate widths: half its width, and its height above and below the top of the plate. */
const carHalfWidth = 1.75;
const carAbove = 1.6;
const carBelow = 1.1;
/** From the top of the plate down to the ground, in plate widths. */
const plateAboveGround = 0.97;
/** The frame rate of a typical camera. */
const framesPerSecond = 30;

export class SampleScene {
  readonly canvas = canvasOf(sceneWidth, sceneHeight);
  readonly #context = contextOf(this.canvas);
  readonly #horizonY = horizonOf(sceneHeight, streetSeed);
  readonly #cars: HTMLCanvasElement[] = [];
  readonly #plates = new Map<string, HTMLCanvasElement>();
  #street: HTMLCanvasElement | undefined;
  #frame: number | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;

  /** Renders the static parts, yielding in between so that the page stays responsive. */
  async prepare(): Promise<void> {
    this.#street = canvasFrom(sceneWidth, sceneHeight, toRgba(renderEmptyScene(sceneWidth, sceneHeight, streetSeed)));
    for (let body = 0; body < bodyCount; body++) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#cars.push(carImage(body));
    }
    this.draw(performance.now());
  }

  play(): void {
    if (this.#frame !== undefined) return;
    const next = (nowMs: number) => {
      this.#frame = requestAnimationFrame(next);
      // Tolerate half a display frame.
      if (nowMs - this.#drawnMs < 1000 / framesPerSecond - 8) return;
      this.#drawnMs = nowMs;
      this.draw(nowMs);
    };
    this.#frame = requestAnimationFrame(next);
  }

  pause(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }

  draw(timeMs: number): void {
    if (this.#street === undefined) return;
    // Low-quality downscaling makes letters illegible.
    this.#context.imageSmoothingQuality = 'high';
    this.#context.globalAlpha = 1;
    this.#context.drawImage(this.#street, 0, 0);
    for (const car of carsAt(timeMs, this.#horizonY)) this.#drawCar(car);
  }

  #drawCar({ text, body, x, plateWidth, groundY, opacity, showsPlate }: CarPlace): void {
    const car = this.#cars[body];
    if (car === undefined) return;
    const scale = plateWidth / carPlate;
    const plateY = groundY - plateAboveGround * plateWidth;
    const top = plateY - carAbove * plateWidth;
    this.#context.globalAlpha = opacity;
    this.#context.drawImage(car, x - (car.width / 2) * scale, top, car.width * scale, car.height * scale);
    if (!showsPlate) return;
    const plate = this.#plateOf(text);
    const height = (plate.height / plate.width) * plateWidth;
    this.#context.drawImage(plate, x - plateWidth / 2, plateY, plateWidth, height);
  }

  #plateOf(text: string): HTMLCanvasElement {
    const known = this.#plates.get(text);
    if (known !== undefined) return known;
    const place = { x: 0, y: 0, w: platePixels };
    const canvas = createCanvas(platePixels, Math.round(plateBox(place).h), [0, 0, 0]);
    drawPlate(canvas, text, place);
    const plate = canvasFrom(canvas.width, canvas.height, toRgba(canvas));
    this.#plates.set(text, plate);
    return plate;
  }
}

function carImage(body: number): HTMLCanvasElement {
  const width = Math.round(2 * carHalfWidth * carPlate);
  const height = Math.round((carAbove + carBelow) * carPlate);
  const plate = plateBox({ x: width / 2 - carPlate / 2, y: carAbove * carPlate, w: carPlate });
  const draw = (canvas: Image) => drawCar(canvas, plate, () => body / bodyCount);
  return canvasFrom(width, height, cutOut(width, height, draw));
}

function canvasFrom(width: number, height: number, rgba: Uint8ClampedArray<ArrayBuffer>): HTMLCanvasElement {
  const canvas = canvasOf(width, height);
  contextOf(canvas).putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), { width, height });
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser does not support canvas');
  return context;
}
