/** Masks, skeletons, rotated boxes and classes on the console, and what it does with results in wrong shapes. */
import type { Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { ClassColors } from '../../../src/web/class-colors.ts';
import { sideColors } from '../../../src/web/skeleton.ts';
import { violations } from './axe.ts';
import { needsBrowser, waitOptions } from './open-console.ts';
import { image, openWith } from './open-with.ts';

type Spot = readonly [x: number, y: number];

const yellow = '#ffcf33';
const box = { x: 60, y: 60, w: 200, h: 140, label: 'car', score: 0.9 };
const polygon = [
  [160, 70],
  [250, 130],
  [160, 190],
  [70, 130],
];
/** Anti-aliasing changes a color by less than this, summed over its channels. */
const tolerance = 40;

/** Opens the console with an image, which is the same in every frame. @returns the colors at places of the frame for a result. */
async function openImage(t: Test) {
  let result: object = {};
  /** The last frame that was answered. */
  let answered = -1;
  const opened = await openWith(t, ({ index }) => {
    answered = index;
    return result;
  });
  const { page } = opened;
  await page.setInputFiles('#picture-file', image);
  const colorsOf = async (next: object, spots: readonly Spot[]) => {
    result = next;
    await frameShown(page, answered + 1);
    return page.evaluate(readColors, spots);
  };
  return { ...opened, colorsOf };
}

/** Waits for a frame: several may be on their way that were answered with the result before. */
async function frameShown(page: Page, index: number): Promise<void> {
  await page.locator('#caption', { hasText: '320 × 240' }).waitFor(waitOptions);
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('#picture')?.dataset['frame'] ?? -1) >= wanted,
    index,
    waitOptions,
  );
}

/** The colors at places in frame pixels, as `#rrggbb`. Runs in the page. */
function readColors(spots: readonly Spot[]): string[] {
  const canvas = document.querySelector<HTMLCanvasElement>('#picture');
  const context = canvas?.getContext('2d');
  const scale = (canvas?.width ?? 0) / 320;
  return spots.map(([x, y]) => {
    const [red = 0, green = 0, blue = 0] = context?.getImageData(x * scale, y * scale, 1, 1).data ?? [];
    return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  });
}

function distance(a: string, b: string): number {
  return [1, 3, 5].reduce((sum, at) => sum + Math.abs(partOf(a, at) - partOf(b, at)), 0);
}

function partOf(color: string, at: number): number {
  return Number.parseInt(color.slice(at, at + 2), 16);
}

function isLike(color: string | undefined, expected: string): boolean {
  return color !== undefined && distance(color, expected) <= tolerance;
}

test('a mask is filled and outlined in the color of its class, without its box', needsBrowser, async (t) => {
  const { colorsOf, issues } = await openImage(t);
  // On the outline, inside, between outline and box, and on the box.
  const spots = [
    [160, 190],
    [160, 150],
    [80, 180],
    [60, 190],
  ] as const;
  const plain = await colorsOf({}, spots);
  const masked = await colorsOf({ detections: [{ ...box, polygons: [polygon] }] }, spots);
  const color = new ClassColors().of('car');
  t.ok(isLike(masked[0], color), `outline ${masked[0]}, expected ${color}`);
  t.ok(distance(masked[1] as string, color) < distance(plain[1] as string, color), `filled: ${masked[1]}`);
  t.notOk(isLike(masked[1], color), 'the object shows through');
  t.strictSame(masked.slice(2), plain.slice(2), 'nothing is drawn outside of the mask');
  const boxed = await colorsOf({ detections: [{ ...box, polygons: [] }] }, spots);
  t.ok(isLike(boxed[3], yellow), `without a polygon there is a box: ${boxed[3]}`);
  t.strictSame(issues, []);
});

test('named keypoints have limbs; unnamed ones are points; unlikely ones are not drawn', needsBrowser, async (t) => {
  const { colorsOf, issues } = await openImage(t);
  const names = ['left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder'];
  const keypoints = [
    [220, 80, 0.9],
    [220, 130, 0.9],
    [220, 180, 0.2],
    [100, 80, 0.9],
  ];
  // The shoulder, the upper arm, the lower arm, the wrist, between the shoulders.
  const spots = [
    [220, 80],
    [220, 105],
    [220, 155],
    [220, 180],
    [160, 80],
  ] as const;
  const detections = [{ ...box, label: 'person', keypoints }];
  const plain = await colorsOf({}, spots);
  const [shoulder, upper, lower, wrist, between] = await colorsOf({ detections, keypoint_names: names }, spots);
  t.ok(isLike(shoulder, sideColors.left), `shoulder ${shoulder}`);
  t.ok(isLike(upper, sideColors.left), `upper arm ${upper}`);
  t.ok(isLike(between, sideColors.middle), `between the shoulders ${between}`);
  t.strictSame([lower, wrist], [plain[2], plain[3]], 'the wrist is unlikely');
  const unnamed = await colorsOf({ detections }, spots);
  t.ok(isLike(unnamed[0], sideColors.middle), `point ${unnamed[0]}`);
  t.strictSame(unnamed.slice(1), plain.slice(1), 'no limbs');
  t.strictSame(issues, []);
});

test('a rotated box is drawn by its corners', needsBrowser, async (t) => {
  const { colorsOf, issues } = await openImage(t);
  // On a side of the rotated box, and on the upright box.
  const spots = [
    [205, 100],
    [60, 190],
  ] as const;
  const plain = await colorsOf({}, spots);
  const rotated = await colorsOf({ detections: [{ ...box, quad: polygon, angle: 0.6 }] }, spots);
  t.ok(isLike(rotated[0], yellow), `side ${rotated[0]}`);
  t.equal(rotated[1], plain[1]);
  t.strictSame(issues, []);
});

const classes = [
  { label: 'tabby cat', score: 0.713 },
  { label: 'tiger cat', score: 0.2 },
  { label: 'lynx', score: 0.004 },
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1280, 800],
    [375, 812],
    [844, 390],
  ] as const) {
    test(`the classes are over the frame: ${colorScheme}, ${width}×${height}`, needsBrowser, async (t) => {
      const viewport = { width, height };
      const { page, issues } = await openWith(t, () => ({ classes }), { colorScheme, viewport });
      const panel = page.getByRole('region', { name: 'Classes of this frame' });
      await panel.getByText('tabby cat').waitFor(waitOptions);
      t.strictSame(await panel.getByRole('listitem').allInnerTexts(), [
        'tabby cat\n71 %',
        'tiger cat\n20 %',
        'lynx\n0 %',
      ]);
      const bar = (row: number) => page.locator('#classes .track i').nth(row).boundingBox();
      t.ok(((await bar(0))?.width ?? 0) > 3 * ((await bar(1))?.width ?? 0), 'bars are as long as the scores say');
      const [frame, list, caption] = await Promise.all(
        ['#picture', '#classes', '#caption'].map((id) => page.locator(id).boundingBox()),
      );
      if (!frame || !list || !caption) throw new Error('not visible');
      t.ok(list.x >= frame.x && list.y >= frame.y && list.x + list.width <= frame.x + frame.width, 'over the frame');
      t.ok(list.y + list.height <= caption.y, 'above the caption');
      t.strictSame(await violations(page), []);
      t.strictSame(issues, []);
    });
  }
}

test(
  'classes are announced when the best one changes, rows keep their places, and a change removes them',
  needsBrowser,
  async (t) => {
    let shown: object = {};
    const { page, issues } = await openWith(t, ({ connection }) => (connection === 0 ? shown : undefined));
    await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
    t.equal(await page.locator('#classes').isVisible(), false, 'a result without classes has no list');
    const controls = () => page.locator('#controls').boundingBox();
    const before = await controls();
    shown = { classes };
    const status = page.getByRole('status').filter({ hasText: 'tabby cat' });
    await status.waitFor({ ...waitOptions, state: 'attached' });
    t.strictSame(await controls(), before, 'nothing moves when the list appears');
    // The list of detections does not say “Nothing”, and is updated once a second.
    await page.locator('#found li').waitFor({ ...waitOptions, state: 'detached' });
    const height = (await page.locator('#classes').boundingBox())?.height;
    shown = { classes: [{ label: 'lynx', score: 0.9 }] };
    await page
      .getByRole('status')
      .filter({ hasText: 'lynx' })
      .waitFor({ ...waitOptions, state: 'attached' });
    t.equal((await page.locator('#classes').boundingBox())?.height, height, 'the list keeps its height');
    t.equal(await page.locator('#classes li:visible').count(), 1);
    shown = { classes: [] };
    await page
      .getByRole('status')
      .filter({ hasText: 'No class' })
      .waitFor({ ...waitOptions, state: 'attached' });
    await page.getByLabel('Pipeline').selectOption('other');
    await page.locator('#classes').waitFor({ ...waitOptions, state: 'hidden' });
    t.equal(await page.locator('#class-status').textContent(), '');
    t.strictSame(issues, []);
  },
);

const wrong: readonly object[] = [
  ...[null, 5, 'x', [null, 5, 'x', {}, []]].flatMap((value) => [
    { detections: value },
    { classes: value },
    { keypoint_names: value, detections: [{ ...box, keypoints: [[1, 2]] }] },
    { warnings: value },
    ...['label', 'score', 'quad', 'polygons', 'keypoints', 'text', 'text_score', 'x'].map((key) => ({
      detections: [{ ...box, [key]: value }],
    })),
  ]),
  { text: 5 },
  { text: 'page', text_score: {} },
];

test('results in wrong shapes do not stop the console', needsBrowser, async (t) => {
  let answered = 0;
  const { page, issues } = await openWith(t, () => wrong[answered++] ?? { detections: [box] });
  // Every result is shown: one that throws would leave the frame of an earlier one.
  await page.locator('#found li', { hasText: 'car 90 %' }).waitFor({ ...waitOptions, state: 'attached' });
  await page.waitForFunction(
    (count) => Number(document.querySelector<HTMLElement>('#picture')?.dataset['frame'] ?? -1) >= count,
    wrong.length,
    waitOptions,
  );
  t.ok(answered > wrong.length);
  t.strictSame(issues, []);
});
