/** The sample scene: an animated street with cars and license plates, so that the console works without a camera. */
import { bodyColors, carBox, drawCar } from './draw-car.ts';
import { drawPlate } from './draw-plate.ts';
import { drawStreet } from './draw-street.ts';
import { type CarPlace, carsAt, nearPlate, plateAboveGround, sceneHeight, sceneWidth } from './traffic.ts';

/** The frame rate of a typical camera. */
const framesPerSecond = 30;
/** Cars are drawn once, as large as they get, and then scaled: drawn part by part, a fading car would show its inside. */
const carScale = nearPlate / 100;

export class SampleScene {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #street = drawn(sceneWidth, sceneHeight, drawStreet);
  readonly #cars = bodyColors.map((color) =>
    drawn(carBox.width * carScale, carBox.height * carScale, (context) => {
      context.scale(carScale, carScale);
      context.translate(-carBox.left, -carBox.top);
      drawCar(context, color);
    }),
  );
  #frame: number | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor() {
    this.canvas = canvasOf(sceneWidth, sceneHeight);
    this.#context = contextOf(this.canvas);
    // Low-quality downscaling makes cars flicker.
    this.#context.imageSmoothingQuality = 'high';
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
    this.#context.drawImage(this.#street, 0, 0);
    for (const car of carsAt(timeMs)) this.#drawCar(car);
  }

  #drawCar({ text, body, x, plateWidth, groundY, opacity, showsPlate }: CarPlace): void {
    const car = this.#cars[body];
    if (car === undefined) return;
    const context = this.#context;
    context.save();
    context.translate(x, groundY - plateAboveGround * plateWidth);
    context.scale(plateWidth, plateWidth);
    context.globalAlpha = opacity;
    const { left, top, width, height } = carBox;
    context.drawImage(car, left / 100, top / 100, width / 100, height / 100);
    if (showsPlate) drawPlate(context, text);
    context.restore();
  }
}

function drawn(width: number, height: number, draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = canvasOf(width, height);
  draw(contextOf(canvas));
  return canvas;
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), { width: Math.ceil(width), height: Math.ceil(height) });
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser does not support canvas');
  return context;
}
