/** The text of an error of a connection. Pure. */

/** Node tries each address of a name, and puts what happened into one error without a text. */
export function describeNetworkError(error: Error): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return first.message === '' ? first.name : first.message;
}
