/** A camera's picture on its way through the bridge, and the buffers that raw ones are read into. Main thread. */

/** `atMs` is when its last byte came, by `performance.now()`. */
export type Picture =
  | { readonly kind: 'jpeg'; readonly bytes: Buffer; readonly atMs: number }
  | {
      readonly kind: 'rgb';
      readonly bytes: Buffer;
      readonly width: number;
      readonly height: number;
      readonly atMs: number;
    };

/** One is being filled, one is the newest, one is being encoded. */
const maxSpares = 2;

/** Lends buffers of one size again and again: 1080p at 30 fps would be 190 MB of garbage a second. */
export class PictureBuffers {
  #spares: Buffer[] = [];

  take(bytes: number): Buffer {
    const spare = this.#spares.pop();
    if (spare?.length === bytes) return spare;
    this.#spares = [];
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** The giver must not touch it afterwards. A JPEG is nobody's to give back: the client may still hold it. */
  give(picture: Picture): void {
    if (picture.kind === 'rgb' && this.#spares.length < maxSpares) this.#spares.push(picture.bytes);
  }
}
