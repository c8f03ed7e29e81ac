/** `invalid_frame`: every kind of invalid image, and the valid kinds of padding. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { appendZeros, encodeGradient, headerOnly, insertAfterSoi, segment } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const image = encodeGradient(128, 96);
const maxPixels = 128 * 96;

const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_PIXELS: String(maxPixels) });
tap.teardown(() => gateway.kill());

function errorText(reason: string): string {
  return JSON.stringify({ error: 'invalid_frame', detail: `Not a valid JPEG image${reason}` });
}

function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The image with its entropy-coded data cut to a few bytes. */
function withoutBody(): Uint8Array {
  const scan = image.findIndex((byte, at) => byte === 0xff && image[at + 1] === 0xda);
  return concat(image.subarray(0, scan + 20), [0xff, 0xd9]);
}

const invalid: [what: string, bytes: Uint8Array, text: string][] = [
  ['an empty message', new Uint8Array(0), errorText(': no SOI; the file is empty')],
  ['one byte', Uint8Array.of(0xff), errorText(': no SOI')],
  ['only zeros', new Uint8Array(1000), errorText(': no SOI')],
  ['SOI alone', Uint8Array.of(0xff, 0xd8), errorText(': truncated header')],
  ['SOI and EOI with nothing between', Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), errorText(': no image before EOI')],
  ['no SOI', image.subarray(2), errorText(': no SOI')],
  ['a byte before SOI', concat([0], image), errorText(': no SOI')],
  ['no EOI', image.subarray(0, -2), errorText(`: no EOI in ${image.length - 2} bytes; probably cut off`)],
  ['EOI cut in half', image.subarray(0, -1), errorText(`: no EOI in ${image.length - 1} bytes; probably cut off`)],
  [
    'garbage between SOI and EOI',
    concat([0xff, 0xd8], Array(500).fill(0x5a), [0xff, 0xd9]),
    errorText(': no marker after SOI'),
  ],
  [
    'a frame header cut short',
    concat([0xff, 0xd8], segment(0xc0, [8, 0, 48]), [0xff, 0xd9]),
    errorText(': invalid frame header length'),
  ],
  [
    'a segment that is longer than the file',
    insertAfterSoi(image, [0xff, 0xe1, 0xff, 0xff]),
    errorText(': truncated header'),
  ],
  ['12 bits a sample', headerOnly({ width: 8, height: 8, bitsPerSample: 12 }), errorText(': 12 bits a sample')],
  ['four components', headerOnly({ width: 8, height: 8, components: 4 }), errorText(': 4 color components')],
  ['no width', headerOnly({ width: 0, height: 8 }), errorText(': 0x8 pixels')],
  ['no height', headerOnly({ width: 8, height: 0 }), errorText(': 8x0 pixels')],
  ['one column above the limit', encodeGradient(129, 96), errorText(`: 129x96 exceeds ${maxPixels} pixels`)],
  [
    'a header that claims 43715x65500',
    headerOnly({ width: 43_715, height: 65_500 }),
    errorText(`: 43715x65500 exceeds ${maxPixels} pixels`),
  ],
  [
    'a valid header without data',
    headerOnly({ width: 64, height: 48 }),
    errorText(': libjpeg: Quantization table 0x00 was not defined'),
  ],
  [
    'a valid header with truncated data',
    withoutBody(),
    errorText(': almost all of the image is missing: libjpeg: Corrupt JPEG data: premature end of data segment'),
  ],
  [
    'a PNG signature',
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    errorText(': no SOI; the file is a PNG image'),
  ],
];

for (const [what, bytes, text] of invalid) {
  test(`${what} gets invalid_frame and 1007`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl('echo'));
    client.send(bytes);
    t.equal(await client.closed(), 1007);
    t.strictSame(client.texts, [text]);
  });
}

test('an invalid frame ends the session, and later valid ones get no reply', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  await client.sendUntilStarted(image);
  const before = client.texts.length;
  client.send(new Uint8Array(0));
  client.send(image);
  client.send(image);
  t.equal(await client.closed(), 1007);
  t.strictSame(client.texts.slice(before), [errorText(': no SOI; the file is empty')]);
});

test('an invalid frame ends the session without the result of a frame in flight', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('slow'));
  client.send(image);
  client.send(new Uint8Array(0));
  t.equal(await client.closed(), 1007);
  t.strictSame(client.texts, [errorText(': no SOI; the file is empty')]);
});

const valid: [what: string, bytes: Uint8Array][] = [
  ['an image of exactly the maximum size', image],
  ['zeros after EOI', appendZeros(image, 1)],
  ['a page of zeros after EOI', appendZeros(image, 4096)],
  ['the longest possible tail', appendZeros(image, 5 * 1_048_576 - image.length)],
  ['a line break after EOI', concat(image, [13, 10])],
  ['a second image after EOI', concat(image, encodeGradient(160, 120))],
  ['fill bytes before a marker', insertAfterSoi(image, [0xff, 0xff])],
  ['comments before the header', insertAfterSoi(image, [...segment(0xfe, [1, 2, 3]), ...segment(0xfe, [])])],
];

for (const [what, bytes] of valid) {
  test(`${what} is accepted`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl('echo'));
    t.match(await client.sendUntilStarted(bytes), { result: { width: 128, height: 96 } });
    t.equal(await client.close(), 1005);
  });
}

test('a damaged image yields the result of its intact part, and a warning', async (t) => {
  const large = encodeGradient(128, 96);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const half = concat(large.subarray(0, large.length - 300), [0xff, 0xd9]);
  t.match(await client.sendUntilStarted(half), {
    result: { width: 128, height: 96, warnings: [/^libjpeg: Corrupt JPEG data/, /^\d+% of the image is missing$/] },
  });
  t.notMatch(JSON.stringify(await client.sendUntilStarted(large)), /warnings/, 'an intact one yields no warning');
  t.equal(await client.close(), 1005);
});

test('undecodable frames lost no worker and leaked nothing', async (t) => {
  t.match(await idle(gateway), { pool: { ready: 1, size: 1, sessions: 0, inFlight: 0 } });
  t.notMatch(gateway.log(), /worker_exit/);
});
