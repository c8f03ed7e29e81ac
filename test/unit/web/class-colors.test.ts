/** Colors of classes. */
import { test } from 'tap';
import { ClassColors, classPalette } from '../../../src/web/class-colors.ts';

const labels = Array.from({ length: classPalette.length }, (_, index) => `class ${index}`);

test('a label has the same color on every page, and keeps it', async (t) => {
  const colors = new ClassColors();
  const color = colors.of('person');
  t.equal(new ClassColors().of('person'), color);
  for (const label of labels) colors.of(label);
  t.equal(colors.of('person'), color);
  t.ok(new Set(labels.map((label) => new ClassColors().of(label))).size > 1, 'it depends on the label');
});

test('as many classes as there are colors differ; further ones share them', async (t) => {
  const colors = new ClassColors();
  t.strictSame([...new Set(labels.map((label) => colors.of(label)))].sort(), [...classPalette].sort());
  const further = colors.of('one more');
  t.ok((classPalette as readonly string[]).includes(further));
  t.equal(colors.of('one more'), further);
});

test('cleared, colors follow from the label again', async (t) => {
  const colors = new ClassColors();
  for (const label of labels) colors.of(label);
  colors.clear();
  for (const label of [...labels].reverse()) {
    t.equal(colors.of(label), new ClassColors().of(label));
    colors.clear();
  }
});

/** Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('the dark text of a label is legible on every color', async (t) => {
  const ink = luminanceOf('#16181d');
  for (const color of classPalette) {
    const contrast = (luminanceOf(color) + 0.05) / (ink + 0.05);
    t.ok(contrast >= 4.5, `${color}: ${contrast}`);
  }
});
