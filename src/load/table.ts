/** Draws tables with box-drawing characters. Pure. */

/** The first row is the header. The first column is left-aligned, the others right-aligned. */
export function drawTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  const line = (row: readonly string[]) =>
    `│${widths.map((width, column) => ` ${fit(row[column] ?? '', width, column)} `).join('│')}│`;
  const [heading = [], ...body] = rows;
  return [rule('┌', '┬', '┐'), line(heading), rule('├', '┼', '┤'), ...body.map(line), rule('└', '┴', '┘')].join('\n');
}

function fit(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
