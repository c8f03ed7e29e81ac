/** Where the values of an image are in an input tensor. Types only. */

/** A tensor that images are written into. A sample becomes `sample × factor - shift`. */
export interface ImageTensor {
  /** Views that begin at the first red, green and blue value. */
  readonly red: Samples;
  readonly green: Samples;
  readonly blue: Samples;
  /** Distance between the values of two adjacent pixels: 1 for NCHW, 3 for NHWC. */
  readonly step: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly factor: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
  /** The whole tensor if it takes RGB samples without normalization, so that rows can be copied. */
  readonly rgb?: Uint8Array;
}

/** float32, or bytes without normalization. */
export type Samples = Float32Array | Uint8Array;

/** Where a resized region is written in the tensor, in pixels. */
export interface DestRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
