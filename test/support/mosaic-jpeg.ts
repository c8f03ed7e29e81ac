/** Writes JPEG files of uniform 8 × 8 blocks with any chroma subsampling, which the available encoders cannot do. Tests only. */
import { eoi, segment, soi } from './jpeg-bytes.ts';

/** Horizontal and vertical sampling factor of a component. */
export type Sampling = readonly [horizontal: number, vertical: number];

export interface Mosaic {
  readonly width: number;
  readonly height: number;
  /** One entry per component: only Y, or Y, Cb, Cr. */
  readonly sampling: readonly Sampling[];
  /** MCUs between restart markers; none without. */
  readonly restartInterval?: number;
  /** Sample of a block, 0 to 255, by component and by the block's position in that component's grid. */
  readonly sample: (component: number, column: number, row: number) => number;
}

const blockSide = 8;
/** Quantization step of all coefficients, chosen so that a DC coefficient is the sample minus 128. */
const quantizer = 8;
/** Codes of the DC categories 0 to 11 in the table of T.81, K.3.1. */
const dcCounts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const dcCodes = [
  '00',
  '010',
  '011',
  '100',
  '101',
  '110',
  '1110',
  '11110',
  '111110',
  '1111110',
  '11111110',
  '111111110',
];
/** The only AC symbol: end of block. */
const endOfBlock = '0';

/** @returns a baseline file with one scan. */
export function encodeMosaic(mosaic: Mosaic): Uint8Array {
  const { width, height, sampling, restartInterval } = mosaic;
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const factors = sampling.flatMap(([h, v], index) => [index + 1, (h << 4) | v, 0]);
  const selectors = sampling.flatMap((_, index) => [index + 1, 0]);
  return Uint8Array.from([
    ...soi,
    ...segment(0xdb, [0, ...Array<number>(64).fill(quantizer)]),
    ...segment(0xc0, [8, ...size, sampling.length, ...factors]),
    ...segment(0xc4, [0x00, ...dcCounts, ...dcCodes.keys()]),
    ...segment(0xc4, [0x10, 1, ...Array<number>(15).fill(0), 0]),
    ...(restartInterval === undefined ? [] : segment(0xdd, [restartInterval >> 8, restartInterval & 255])),
    ...segment(0xda, [sampling.length, ...selectors, 0, 63, 0]),
    ...codedData(mosaic),
    ...eoi,
  ]);
}

function codedData({ width, height, sampling, restartInterval, sample }: Mosaic): number[] {
  const columns = Math.ceil(width / (blockSide * Math.max(...sampling.map(([h]) => h))));
  const rows = Math.ceil(height / (blockSide * Math.max(...sampling.map(([, v]) => v))));
  const bytes: number[] = [];
  let bits = '';
  let before = sampling.map(() => 0);
  for (let mcu = 0; mcu < columns * rows; mcu++) {
    if (restartInterval !== undefined && mcu > 0 && mcu % restartInterval === 0) {
      bytes.push(...packed(bits), 0xff, 0xd0 + ((mcu / restartInterval - 1) % 8));
      bits = '';
      before = sampling.map(() => 0);
    }
    for (const [component, [h, v]] of sampling.entries()) {
      for (let block = 0; block < h * v; block++) {
        const column = (mcu % columns) * h + (block % h);
        const row = Math.floor(mcu / columns) * v + Math.floor(block / h);
        const dc = sample(component, column, row) - 128;
        bits += difference(dc - (before[component] ?? 0)) + endOfBlock;
        before[component] = dc;
      }
    }
  }
  return [...bytes, ...packed(bits)];
}

/** A difference of DC coefficients: its category's code, then its bits (T.81, F.1.2.1). */
function difference(value: number): string {
  const category = value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1;
  const bits = value < 0 ? value + 2 ** category - 1 : value;
  return (dcCodes[category] ?? '') + (category === 0 ? '' : bits.toString(2).padStart(category, '0'));
}

/** Packs bits into bytes: pads the last one with ones and stuffs a zero after each 0xff. */
function packed(bits: string): number[] {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return bytes.flatMap((byte) => {
    const value = Number.parseInt(byte.padEnd(8, '1'), 2);
    return value === 0xff ? [value, 0] : [value];
  });
}
