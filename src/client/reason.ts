/** Messages for network errors. Pure. */

/**
 * If a name has several addresses (`localhost`) and none of them accepts the connection, Node's error has no message.
 * @returns a message that is never empty.
 */
export function reasonOf(error: Error): string {
  const parts = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  const messages = [error, ...parts].map((part) => (part instanceof Error ? part.message.trim() : ''));
  return messages.find((message) => message !== '') ?? (error as { code?: string }).code ?? 'connection failed';
}

/** The message for a closed WebSocket. */
export function closeText(code: number, reason: string): string {
  return `Connection closed (${code}${reason === '' ? '' : `, ${reason}`})`;
}
