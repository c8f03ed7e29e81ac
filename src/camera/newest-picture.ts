/** Keeps the newest picture of a source and no other, and lets none go that is stale. Main thread. */
import type { Picture } from './picture.ts';

/** A picture that waited longer for the gateway is not sent: better none than what is no longer there. */
export const oldestMs = 1000;

export class NewestPicture {
  readonly #replaced: (picture: Picture) => void;
  #picture: Picture | undefined;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;
  #isOver = false;

  /** `replaced` gets each picture that nobody will take any more. */
  constructor(replaced: (picture: Picture) => void) {
    this.#replaced = replaced;
  }

  get isEmpty(): boolean {
    return this.#picture === undefined;
  }

  put(picture: Picture): void {
    this.#discard();
    this.#picture = picture;
    this.#wake?.();
  }

  /** The source was cut: what it gave before must not be sent after. */
  cut(nowMs: number): void {
    this.#cutAtMs = nowMs;
    this.#discard();
  }

  /** Settles when there is a picture to take. @returns false when there will be no more. */
  async available(): Promise<boolean> {
    while (this.#picture === undefined && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#picture !== undefined;
  }

  /** The newest picture, unless it is stale. It is the caller's from then on. */
  take(nowMs: number): Picture | undefined {
    const picture = this.#picture;
    this.#picture = undefined;
    if (picture === undefined || this.isFresh(picture, nowMs)) return picture;
    this.#replaced(picture);
    return undefined;
  }

  /** Whether a picture may still be sent: the source was not cut after it, and it is not too old. */
  isFresh(picture: Picture, nowMs: number): boolean {
    return picture.atMs > this.#cutAtMs && nowMs - picture.atMs <= oldestMs;
  }

  /** No more pictures will come; one that is there can still be taken. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  #discard(): void {
    if (this.#picture !== undefined) this.#replaced(this.#picture);
    this.#picture = undefined;
  }
}
