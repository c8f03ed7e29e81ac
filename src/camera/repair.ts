/** Turns a camera's JPEG into one that every gateway accepts: nothing after EOI, no missing EOI or Huffman tables. Pure. */
import { noEoi, readJpegHeader } from '../jpeg/header.ts';
import { walkScans } from '../jpeg/scans.ts';
import { withHuffmanTables } from './huffman-tables.ts';

/** What was repaired, as shown to the operator. */
export type Repair = 'bytes after EOI' | 'no EOI';

export type RepairedJpeg =
  | { readonly ok: true; readonly bytes: Buffer; readonly repair: Repair | undefined }
  | { readonly ok: false; readonly reason: string };

const eoi = Buffer.of(0xff, 0xd9);

/** A JPEG with an added EOI may still be cut: the caller must inspect it before sending. */
export function repairJpeg(jpeg: Buffer): RepairedJpeg {
  const read = readJpegHeader(jpeg);
  if (!read.ok) return read.reason === noEoi ? withEoi(jpeg) : read;
  const { header } = read;
  if (jpeg.subarray(-eoi.length).equals(eoi)) {
    return { ok: true, bytes: withHuffmanTables(jpeg, header), repair: undefined };
  }
  const { endAt } = walkScans(jpeg, header.scanAt, Number.POSITIVE_INFINITY);
  return { ok: true, bytes: withHuffmanTables(jpeg.subarray(0, endAt), header), repair: 'bytes after EOI' };
}

function withEoi(jpeg: Buffer): RepairedJpeg {
  const bytes = Buffer.concat([jpeg, eoi]);
  const read = readJpegHeader(bytes);
  return read.ok ? { ok: true, bytes: withHuffmanTables(bytes, read.header), repair: 'no EOI' } : read;
}
