/** Files that are often sent instead of a JPEG are named. */

import sharp from 'sharp';
import { test } from 'tap';
import { fileKindOf } from '../../../src/jpeg/file-kind.ts';

const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
const text = (content: string) => Buffer.from(content, 'latin1');

test('images in other formats', async (t) => {
  t.equal(fileKindOf(await picture.clone().png().toBuffer()), 'a PNG image');
  t.equal(fileKindOf(await picture.clone().gif().toBuffer()), 'a GIF image');
  t.equal(fileKindOf(await picture.clone().webp().toBuffer()), 'a WebP image');
  t.equal(fileKindOf(await picture.clone().tiff().toBuffer()), 'a TIFF image');
  t.equal(fileKindOf(await picture.clone().avif().toBuffer()), 'an AVIF image');
});

test('everything else', async (t) => {
  const cases: [string, string | undefined][] = [
    ['', 'empty'],
    ['<!DOCTYPE html><p>Log in', 'an HTML page'],
    ['\n<HTML>', 'an HTML page'],
    ['{"error":"unauthorized"}', 'text'],
    ['hello', 'text'],
    ['data:image/jpeg;base64,/9j/4AAQ', 'a data URL'],
    ['/9j/4AAQSkZJRgABAQ', 'Base64 text of a JPEG'],
    ['--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8', 'a part of an MJPEG stream'],
    ['\0\0\0\x01\x67\x42\0\x1e', 'H.264 or H.265 video'],
    ['\0\0\0\x18ftypmp42', 'an MP4 video'],
    ['\0\0\0\x18ftypheic', 'a HEIC image'],
    ['RIFF\x24\0\0\0AVI LIST', 'an AVI video'],
    ['BM\x36\x10\0\0\0\0\0\0', 'a BMP image'],
    ['%PDF-1.7', 'a PDF document'],
    ['\x1f\x8b\x08', 'gzip data'],
    ['\xff', undefined],
    ['\0\0\0\0\0\0\0\0', undefined],
    ['\x01\x02\x03', undefined],
  ];
  for (const [content, kind] of cases) t.equal(fileKindOf(text(content)), kind, JSON.stringify(content.slice(0, 20)));
});
