/** Fills SVG paths on a canvas with colors and gradients. */

/**
 * Fills a path.
 * @param path SVG path data.
 * @param colors one, or those of a vertical gradient, evenly spaced.
 * @param top upper end of the gradient, and `bottom` its lower end.
 */
export function paint(
  context: CanvasRenderingContext2D,
  path: string,
  colors: string | readonly string[],
  [top, bottom]: readonly [top: number, bottom: number] = [0, 1],
): void {
  context.fillStyle =
    typeof colors === 'string' ? colors : withColors(context.createLinearGradient(0, top, 0, bottom), colors);
  context.fill(new Path2D(path));
}

/** Spaces the colors of a gradient evenly. */
export function withColors(gradient: CanvasGradient, colors: readonly string[]): CanvasGradient {
  for (const [index, color] of colors.entries()) gradient.addColorStop(index / (colors.length - 1), color);
  return gradient;
}
