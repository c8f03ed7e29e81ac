/** Images of noise, and comparisons of tensors. Tests only. */
import assert from 'node:assert/strict';
import type { Image } from '../../src/models/image.ts';
import type { Region } from '../../src/models/resampling.ts';
import { seededRandom } from './seeded-random.ts';

export function noise(width: number, height: number, channels: 1 | 3 = 3): Image {
  const random = seededRandom(width * 1000 + height);
  return {
    width,
    height,
    channels,
    data: Uint8Array.from({ length: width * height * channels }, () => 256 * random()),
  };
}

/** The whole tensor as the destination. */
export function fullTensor(width: number, height: number) {
  return { x: 0, y: 0, width, height };
}

export function whole(image: Image): Region {
  return { x: 0, y: 0, w: image.width, h: image.height };
}

export function assertClose(actual: Float32Array, expected: readonly number[], tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, at) => {
    assert.ok(Math.abs(value - (expected[at] as number)) <= tolerance, `${at}: ${value}, expected ${expected[at]}`);
  });
}
