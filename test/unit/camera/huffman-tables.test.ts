/** A JPEG without Huffman tables gets the standard ones; all others stay unchanged. */
import turbo from '@julusian/jpeg-turbo';
import { test } from 'tap';
import { withHuffmanTables as putTables } from '../../../src/camera/huffman-tables.ts';
import { headerOf } from '../../support/jpeg-bytes.ts';
import { numberedFrame } from '../../support/numbered-frames.ts';

const withHuffmanTables = (jpeg: Buffer) => putTables(jpeg, headerOf(jpeg));

const dht = 0xc4;
const sos = 0xda;

/** The same file without the DHT segments before the scan, as AVI1 cameras send it. */
function withoutTables(jpeg: Buffer): Buffer {
  const kept = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== sos) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== dht) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, jpeg.subarray(at)]);
}

const whole = numberedFrame(1234);
const pixels = (jpeg: Buffer) => turbo.decompressSync(jpeg, { format: turbo.FORMAT_RGB }).data;

test('omitted tables are restored: the pixels are the same', async (t) => {
  const bare = withoutTables(whole);
  t.ok(bare.length < whole.length - 300);
  t.equal(Buffer.compare(pixels(withHuffmanTables(bare)), pixels(whole)), 0);
});

test('a file with tables is returned unchanged, without a copy', async (t) => {
  t.equal(withHuffmanTables(whole), whole);
});
