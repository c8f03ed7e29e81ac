/** Words for an error of the network. Pure. */

/**
 * Where a name has several addresses (`localhost`) and none answers, Node gives an error without a message of its own.
 * @returns words that are never empty.
 */
export function reasonOf(error: Error): string {
  const parts = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  const messages = [error, ...parts].map((part) => (part instanceof Error ? part.message.trim() : ''));
  return messages.find((message) => message !== '') ?? (error as { code?: string }).code ?? 'the connection failed';
}
