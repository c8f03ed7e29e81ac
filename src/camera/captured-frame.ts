/** A frame captured from a camera, and the buffers that raw frames are read into. Main thread. */

/** `atMs` is when its last byte arrived, by `performance.now()`. */
export type CapturedFrame =
  | { readonly kind: 'jpeg'; readonly bytes: Buffer; readonly atMs: number }
  | {
      readonly kind: 'rgb';
      readonly bytes: Buffer;
      readonly width: number;
      readonly height: number;
      readonly atMs: number;
    };

/** One is being filled, one is the latest frame, and one is being encoded. */
const maxSpares = 2;

/** Reuses buffers of one size: 1080p at 30 fps would otherwise create 190 MB of garbage a second. */
export class FrameBuffers {
  #spares: Buffer[] = [];

  take(bytes: number): Buffer {
    const spare = this.#spares.pop();
    if (spare?.length === bytes) return spare;
    this.#spares = [];
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** The caller must not use the frame afterwards. JPEG buffers are not reused: the client may still hold them. */
  release(frame: CapturedFrame): void {
    if (frame.kind === 'rgb' && this.#spares.length < maxSpares) this.#spares.push(frame.bytes);
  }
}
