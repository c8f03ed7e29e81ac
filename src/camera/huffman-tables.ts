/** Adds the standard Huffman tables to a JPEG that omits them. Pure. */

import type { JpegHeader } from '../jpeg/header.ts';
import { marker } from '../jpeg/markers.ts';

/** The number of codes per length, 1 to 16 bits, and their values: ITU-T T.81, annex K.3. */
interface Table {
  /** 0x00 and 0x01 are DC tables, 0x10 and 0x11 AC tables: luminance, chrominance. */
  readonly id: number;
  readonly counts: string;
  readonly values: string;
}

const dcValues = '000102030405060708090a0b';
const tables: readonly Table[] = [
  { id: 0x00, counts: '00010501010101010100000000000000', values: dcValues },
  { id: 0x01, counts: '00030101010101010101010000000000', values: dcValues },
  {
    id: 0x10,
    counts: '0002010303020403050504040000017d',
    values:
      '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a' +
      '434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9' +
      'aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  },
  {
    id: 0x11,
    counts: '00020102040403040705040400010277',
    values:
      '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a' +
      '434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8' +
      'a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  },
];

const payload = Buffer.concat(
  tables.map(({ id, counts, values }) =>
    Buffer.concat([Buffer.from([id]), Buffer.from(counts, 'hex'), Buffer.from(values, 'hex')]),
  ),
);
const lengthFieldBytes = 2;
const segmentStart = Buffer.from([marker.prefix, marker.dht, 0, 0]);
segmentStart.writeUInt16BE(lengthFieldBytes + payload.length, 2);
/** The four standard tables in one DHT segment. */
const standardTables = Buffer.concat([segmentStart, payload]);

/**
 * Motion JPEG as in AVI omits the tables because they are always the same, but JPEG decoders need them.
 * @returns the same buffer if it has a table, otherwise a copy with the tables before the scan.
 */
export function withHuffmanTables(jpeg: Buffer, { hasHuffmanTables, scanAt }: JpegHeader): Buffer {
  if (hasHuffmanTables) return jpeg;
  return Buffer.concat([jpeg.subarray(0, scanAt), standardTables, jpeg.subarray(scanAt)]);
}
