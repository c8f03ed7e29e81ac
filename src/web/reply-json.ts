/** Formats a reply as JSON for people: like `JSON.stringify` with an indent, but points and polygons take one line each. Pure. */

const indent = '  ';

/** @param value what `JSON.parse` returned. */
export function formatReply(value: unknown, margin = ''): string {
  if (typeof value !== 'object' || value === null || isNumeric(value)) return JSON.stringify(value);
  const inner = margin + indent;
  if (Array.isArray(value)) {
    const items = value.map((item) => inner + formatReply(item, inner));
    return enclosed('[', items, `${margin}]`);
  }
  const items = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${formatReply(item, inner)}`,
  );
  return enclosed('{', items, `${margin}}`);
}

/** Whether a value is a list of numbers, or of such lists. */
function isNumeric(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' || isNumeric(item));
}

function enclosed(start: string, items: readonly string[], end: string): string {
  return items.length === 0 ? start + end.trim() : `${start}\n${items.join(',\n')}\n${end}`;
}
