/** Images are resized as Pillow resizes them: every sample of these was computed by Pillow 13.0.0. */
import { test } from 'tap';
import { resizeAntialiased } from '../../../src/models/antialias.ts';
import { type Image, placeImage } from '../../../src/models/image.ts';

/** 7 × 5 pixels that differ from each other and from channel to channel. */
function drawn(): Image {
  const data = Uint8Array.from({ length: 7 * 5 * 3 }, (_, at) => {
    const [x, y, channel] = [Math.floor(at / 3) % 7, Math.floor(at / 21), at % 3];
    return 37 * x * x + 59 * y * y + 11 * x * y * (channel + 1) + 91 * channel;
  });
  return { width: 7, height: 5, channels: 3, data };
}

/** The same image with its axes exchanged. */
function transposed({ width, height, data }: Image): Image {
  const pixels = Array.from(
    { length: width * height },
    (_, at) => 3 * ((at % height) * width + Math.floor(at / height)),
  );
  return {
    width: height,
    height: width,
    channels: 3,
    data: Uint8Array.from(pixels.flatMap((from) => [...data.subarray(from, from + 3)])),
  };
}

/** One channel, row by row. */
function channelOf({ width, height, channels, data }: Image, channel: number): number[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => data[(y * width + x) * channels + channel] as number),
  );
}

function stretch(image: Image, width: number, height: number): Image {
  return resizeAntialiased(image, placeImage(image, { width, height }, 'stretch'), { width, height });
}

function crop(image: Image, side: number): Image {
  const size = { width: side, height: side };
  return resizeAntialiased(image, placeImage(image, size, 'crop'), size);
}

// `Image.resize(size, Image.BILINEAR)`

test('a smaller image', async (t) => {
  const small = stretch(drawn(), 3, 2);
  t.match(small, { width: 3, height: 2, channels: 3 });
  t.same(channelOf(small, 0), [
    [98, 144, 126],
    [106, 165, 131],
  ]);
  t.same(channelOf(small, 2), [
    [146, 126, 137],
    [90, 110, 135],
  ]);
});

test('one axis alone', async (t) => {
  t.same(channelOf(stretch(drawn(), 4, 5), 0), [
    [23, 106, 95, 98],
    [88, 188, 145, 108],
    [149, 132, 161, 199],
    [59, 194, 192, 54],
    [100, 117, 136, 150],
  ]);
});

test('smaller across and larger down', async (t) => {
  t.same(channelOf(stretch(drawn(), 3, 9), 2), [
    [175, 38, 120],
    [167, 81, 129],
    [155, 152, 145],
    [130, 175, 148],
    [102, 186, 147],
    [109, 129, 121],
    [106, 83, 108],
    [67, 83, 147],
    [43, 83, 171],
  ]);
});

test('a larger image', async (t) => {
  const large = channelOf(stretch(drawn(), 13, 9), 0);
  t.equal(large.length, 9);
  t.same(large[0], [0, 11, 31, 80, 139, 115, 77, 79, 86, 127, 141, 84, 52]);
  t.same(large[4], [236, 175, 69, 90, 162, 149, 123, 136, 156, 209, 234, 190, 164]);
  t.same(large[8], [176, 122, 28, 61, 144, 144, 129, 154, 166, 93, 71, 176, 236]);
});

test('the same size is the same image', async (t) => {
  const image = drawn();
  t.same(stretch(image, 7, 5).data, image.data);
});

test('a gray image', async (t) => {
  const gray: Image = { width: 7, height: 5, channels: 1, data: Uint8Array.from(channelOf(drawn(), 1).flat()) };
  t.same(channelOf(stretch(gray, 3, 2), 0), [
    [141, 109, 144],
    [121, 115, 111],
  ]);
});

// `Resize(side)` and `CenterCrop(side)` of torchvision, on Pillow images.

test('the middle of a smaller image', async (t) => {
  const middle = crop(drawn(), 4);
  t.same(channelOf(middle, 0), [
    [28, 118, 113, 113],
    [115, 149, 163, 143],
    [95, 146, 178, 177],
    [99, 108, 159, 129],
  ]);
  t.same(channelOf(middle, 2), [
    [190, 137, 56, 63],
    [151, 123, 182, 160],
    [140, 77, 125, 159],
    [95, 20, 76, 165],
  ]);
  t.same(channelOf(crop(drawn(), 3), 0), [
    [51, 141, 116],
    [115, 158, 164],
    [82, 150, 160],
  ]);
});

test('the middle of a tall image', async (t) => {
  t.same(channelOf(crop(transposed(drawn()), 3), 0), [
    [51, 115, 83],
    [141, 158, 150],
    [116, 164, 160],
  ]);
});

test('the middle of a larger image', async (t) => {
  const middle = channelOf(crop(drawn(), 8), 0);
  t.same(middle[0], [47, 118, 122, 77, 79, 101, 150, 100]);
  t.same(middle[7], [15, 114, 146, 129, 159, 139, 53, 147]);
});

test('a buffer may be longer than the image', async (t) => {
  const image = drawn();
  const longer = { ...image, data: Uint8Array.from([...image.data, ...new Uint8Array(50).fill(99)]) };
  t.same(stretch(longer, 3, 2), stretch(image, 3, 2));
});
