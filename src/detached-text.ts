/** Texts that are kept for long. Any thread. */

/** A copy of a text. V8 keeps the whole text of which a part was cut: a few bytes would hold on to a message of megabytes. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
