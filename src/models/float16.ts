/** Converts half-precision floats, which ONNX Runtime passes as bits in a Uint16Array on a Node without Float16Array. */

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 mantissa bits. */
const exponentBias = 15;
const mantissaBits = 10;
const mantissaMask = 0x3ff;
const maxExponent = 0x1f;
const minSubnormal = 2 ** -24;

/** All halves indexed by their bits: 256 KiB, created when the first half-precision model runs. */
let singleOfHalf: Float32Array | undefined;

function createTable(): Float32Array {
  return Float32Array.from({ length: 0x10000 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> mantissaBits) & maxExponent;
    const mantissa = bits & mantissaMask;
    if (exponent === maxExponent) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * mantissa * minSubnormal;
    return sign * 2 ** (exponent - exponentBias) * (1 + mantissa / (mantissaMask + 1));
  });
}

/** Converts the bits of halves to float32. Exact. */
export function toSingles(halves: Uint16Array): Float32Array {
  singleOfHalf ??= createTable();
  const table = singleOfHalf;
  const singles = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) singles[i] = table[halves[i] as number] as number;
  return singles;
}

/** A float32 has 13 more mantissa bits than a half, and its exponent bias is larger by 112. */
const droppedBits = 13;
const biasDifference = 112;
const minNormal = 2 ** -14;
/** The first value that rounds to infinity: half a step above the largest half, 65504. */
const overflow = 65_520;

/** Converts float32 to the bits of the nearest halves, ties to even. */
export function toHalves(singles: Float32Array): Uint16Array {
  const bitsOfSingles = new Uint32Array(singles.buffer, singles.byteOffset, singles.length);
  const halves = new Uint16Array(singles.length);
  for (let i = 0; i < singles.length; i++) {
    const bits = bitsOfSingles[i] as number;
    const magnitude = Math.abs(singles[i] as number);
    const sign = (bits >>> 16) & 0x8000;
    if (magnitude >= minNormal && magnitude < overflow) {
      const unrounded = (bits & 0x7fffffff) - (biasDifference << 23);
      const isOdd = (unrounded >>> droppedBits) & 1;
      halves[i] = sign | ((unrounded + (1 << (droppedBits - 1)) - 1 + isOdd) >>> droppedBits);
    } else {
      halves[i] = sign | specialHalf(magnitude);
    }
  }
  return halves;
}

/** Bits without the sign for values that are subnormal, infinite or NaN as a half. */
function specialHalf(magnitude: number): number {
  if (Number.isNaN(magnitude)) return 0x7e00;
  if (magnitude >= overflow) return maxExponent << mantissaBits;
  const steps = magnitude / minSubnormal;
  const below = Math.floor(steps);
  const rest = steps - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
