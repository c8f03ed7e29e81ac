/** Bar charts as SVG, readable on light and dark pages. Pure. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Text next to the bar. */
  readonly text: string;
  /** framegate's own bars are highlighted. */
  readonly isOurs: boolean;
}

const width = 720;
const barHeight = 22;
const rowHeight = 32;
const headHeight = 40;
/** Space for labels to the left of the bars and for values to the right. */
const minLabelWidth = 140;
const valueWidth = 130;
/** Width of a bold letter in the widest common system font, and the space around a label. */
const letterWidth = 8.2;
const labelMargin = 26;
const colors = { ours: '#0f766e', others: '#94a3b8', text: '#334155', page: '#ffffff' } as const;

export function barChart(title: string, bars: readonly Bar[]): string {
  const height = headHeight + rowHeight * bars.length;
  const letters = Math.max(...bars.map(({ label }) => label.length), 0);
  const labelWidth = Math.max(minLabelWidth, Math.ceil(letters * letterWidth) + labelMargin);
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(({ label, value, text, isOurs }, index) => {
    const top = headHeight + rowHeight * index;
    const length = Math.max(1, ((width - labelWidth - valueWidth) * value) / longest);
    const middle = top + barHeight / 2;
    const weight = isOurs ? ' font-weight="600"' : '';
    return [
      `<text x="${labelWidth - 10}" y="${middle}" text-anchor="end"${weight}>${escapeXml(label)}</text>`,
      `<rect x="${labelWidth}" y="${top}" width="${length.toFixed(1)}" height="${barHeight}" rx="3" fill="${isOurs ? colors.ours : colors.others}"/>`,
      `<text x="${(labelWidth + length + 8).toFixed(1)}" y="${middle}"${weight}>${escapeXml(text)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" rx="6" fill="${colors.page}"/>`,
    `<g font-family="system-ui, sans-serif" font-size="13" fill="${colors.text}" dominant-baseline="middle">`,
    `<text x="16" y="20" font-weight="600">${escapeXml(title)}</text>`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
