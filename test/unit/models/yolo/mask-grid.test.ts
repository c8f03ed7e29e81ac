/** A mask is the bilinear interpolation of its logits, pixel by pixel, wherever it is cut. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { cellsOf, createAxis, type LogitGrid, MaskRenderer } from '../../../../src/models/yolo/mask-grid.ts';

interface Scale {
  readonly pixels: number;
  readonly cells: number;
  readonly scale: number;
  readonly offset: number;
}

/** Reference: PyTorch's `F.interpolate(mode="bilinear")`, half-pixel centers, clamped at the edges. */
function sampleAt({ cells, scale, offset }: Scale, pixel: number) {
  const at = Math.min(cells - 1, Math.max(0, (pixel + 0.5) * scale + offset - 0.5));
  const first = Math.floor(at);
  return { first, second: Math.min(cells - 1, first + 1), part: at - first };
}

function logitAt(logits: readonly number[], x: Scale, y: Scale, column: number, row: number): number {
  const [across, down] = [sampleAt(x, column), sampleAt(y, row)];
  const at = (cellX: number, cellY: number) => logits[cellY * x.cells + cellX] as number;
  const top = at(across.first, down.first) * (1 - across.part) + at(across.second, down.first) * across.part;
  const bottom = at(across.first, down.second) * (1 - across.part) + at(across.second, down.second) * across.part;
  return top * (1 - down.part) + bottom * down.part;
}

function axisOf({ pixels, cells, scale, offset }: Scale) {
  return createAxis(pixels, cells, scale, offset);
}

/** Only the cells that are needed, as the caller computes them. */
function partOf(logits: readonly number[], width: number, columns: LogitGrid['columns'], rows: LogitGrid['rows']) {
  const data: number[] = [];
  for (let row = rows.from; row < rows.to; row++) {
    for (let column = columns.from; column < columns.to; column++) data.push(logits[row * width + column] as number);
  }
  return { columns, rows, data: Float32Array.from(data) };
}

const anyScale = fc
  .tuple(
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 8 }),
    fc.constantFrom(0.1, 0.25, 0.4, 1, 2),
    fc.constantFrom(-1, -0.3, 0, 0.7),
  )
  .map(([pixels, cells, scale, offset]): Scale => ({ pixels, cells, scale, offset }));

function spanIn(pixels: number) {
  return fc
    .tuple(fc.nat({ max: pixels - 1 }), fc.integer({ min: 1, max: pixels }))
    .map(([from, length]) => ({ from, to: Math.min(pixels, from + length) }));
}

const anyCase = fc.tuple(anyScale, anyScale).chain(([x, y]) =>
  fc.record({
    x: fc.constant(x),
    y: fc.constant(y),
    across: spanIn(x.pixels),
    down: spanIn(y.pixels),
    // Small whole numbers, of which zero is one: it is outside.
    logits: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: x.cells * y.cells, maxLength: x.cells * y.cells }),
  }),
);

/** Below this, the rounding of float32 decides. */
const rounding = 1e-5;

test('any part of any mask is that of the definition', async () => {
  const renderer = new MaskRenderer();
  fc.assert(
    fc.property(anyCase, ({ x, y, across, down, logits }) => {
      const [xAxis, yAxis] = [axisOf(x), axisOf(y)];
      const grid = partOf(logits, x.cells, cellsOf(xAxis, across), cellsOf(yAxis, down));
      const mask = renderer.render(grid, xAxis, yAxis, across, down);
      assert.deepEqual([mask.x, mask.y], [across.from, down.from]);
      assert.deepEqual([mask.width, mask.height], [across.to - across.from, down.to - down.from]);
      for (let row = 0; row < mask.height; row++) {
        for (let column = 0; column < mask.width; column++) {
          const logit = logitAt(logits, x, y, across.from + column, down.from + row);
          if (Math.abs(logit) < rounding) continue;
          assert.equal(mask.data[row * mask.width + column], logit > 0 ? 1 : 0, `${column} ${row}: ${logit}`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('four pixels per cell lie between the centers of two cells', async (t) => {
  const { first, second, weight, runEnd } = createAxis(8, 2, 1 / 4, 0);
  t.same([...first], [0, 0, 0, 0, 0, 0, 1, 1]);
  t.same([...second], [1, 1, 1, 1, 1, 1, 1, 1]);
  t.same([...weight], [0, 0, 0.125, 0.375, 0.625, 0.875, 0, 0]);
  t.same([...runEnd], [6, 6, 6, 6, 6, 6, 8, 8]);
});

test('a pixel whose logit is zero is outside', async (t) => {
  const axis = createAxis(2, 2, 1, 0);
  const span = { from: 0, to: 2 };
  const grid = { columns: span, rows: span, data: Float32Array.of(0, 1, -1, 0.001) };
  const { data } = new MaskRenderer().render(grid, axis, axis, span, span);
  t.same([...data], [0, 1, 0, 1]);
});

test('the outline is where the interpolated logit changes its sign', async (t) => {
  const x = createAxis(16, 2, 1 / 8, 0);
  const y = createAxis(1, 1, 1, 0);
  const [across, down] = [
    { from: 0, to: 16 },
    { from: 0, to: 1 },
  ];
  // Zero is a third of the way from the center of the first cell, at 4, to that of the second, at 12.
  const grid = { columns: { from: 0, to: 2 }, rows: { from: 0, to: 1 }, data: Float32Array.of(1, -2) };
  const { data } = new MaskRenderer().render(grid, x, y, across, down);
  t.same(data.join(''), '1111111000000000');
});
