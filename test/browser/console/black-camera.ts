/** A camera whose frames are black, so that what the console draws on them is all there is. Tests only. */
import type { Page } from 'playwright-core';
import { waitOptions } from './open-console.ts';

/** The address's parameters, with the pipeline that has zones. */
export const blackQuery = 'source=camera&pipeline=scene&fps=20';

/** Replaces the camera. Runs in the page before its scripts. */
export function blackCamera(): void {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const context = canvas.getContext('2d');
  setInterval(() => context?.fillRect(0, 0, 320, 240), 30);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
}

/** Waits until a frame with this index or a later one is shown. */
export async function frameShown(page: Page, index: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLElement>('#picture')?.dataset['frame'] ?? -1) >= wanted,
    index,
    waitOptions,
  );
}

/** The share of the pixels in a part of the frame, in pixels of it, that have nearly this color. */
export function shareOf(
  page: Page,
  color: string,
  part: readonly [x: number, y: number, width: number, height: number],
) {
  return page.evaluate(
    ({ wanted, area: [x, y, width, height] }) => {
      const canvas = document.querySelector<HTMLCanvasElement>('#picture');
      const scale = (canvas?.width ?? 0) / 320;
      const data =
        canvas?.getContext('2d')?.getImageData(x * scale, y * scale, width * scale, height * scale).data ?? [];
      const parts = [1, 3, 5].map((at) => Number.parseInt(wanted.slice(at, at + 2), 16));
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        const distance = parts.reduce((sum, value, channel) => sum + Math.abs(value - (data[at + channel] ?? 0)), 0);
        // Lines are drawn with some transparency.
        if (distance < 120) found += 1;
      }
      return found / (data.length / 4);
    },
    { wanted: color, area: part },
  );
}
