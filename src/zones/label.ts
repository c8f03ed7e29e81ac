/** Labels of objects in events and counts, short enough for the state of a session. Pure. */

/** As UTF-8 in JSON. */
const maxLabelBytes = 32;
/** Characters that take one byte each. */
const plain = /^[ !#-[\]-~]*$/;
/** Stands for labels beyond the number that is counted. */
export const otherLabel = 'other';

/** The label, or as many of its first characters as fit: it comes from a model, so it may be anything. */
export function cutLabel(label: string): string {
  if (label.length <= maxLabelBytes && plain.test(label)) return label;
  let cut = '';
  let bytes = 0;
  for (const character of label) {
    bytes += Buffer.byteLength(JSON.stringify(character).slice(1, -1));
    if (bytes > maxLabelBytes) break;
    cut += character;
  }
  return cut;
}
