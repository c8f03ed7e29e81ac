/** The token of the console, kept until the tab is closed, and requests with it. */

const storageKey = 'framegate.token';

let onChange: (() => void)[] = [];

/** The token that the user entered; undefined without one. */
export function pageToken(): string | undefined {
  return sessionStorage.getItem(storageKey) ?? undefined;
}

/** Not in the address of the page, which ends up in histories and logs. */
export function setPageToken(token: string): void {
  sessionStorage.setItem(storageKey, token);
  for (const wake of onChange) wake();
  onChange = [];
}

/** Resolves when the user enters a token. */
export function pageTokenChanged(): Promise<void> {
  return new Promise((resolve) => {
    onChange.push(resolve);
  });
}

/** The gateway refused a request of this page. */
export class AccessError extends Error {
  readonly code: 'unauthorized' | 'forbidden';

  constructor(code: 'unauthorized' | 'forbidden') {
    super(code);
    this.name = 'AccessError';
    this.code = code;
  }
}

/** A response that is this late is lost, for example with the network. */
export const requestTimeoutMs = 5000;

const codes: Readonly<Record<number, AccessError['code']>> = { 401: 'unauthorized', 403: 'forbidden' };

/**
 * Fetches JSON from the gateway with the token.
 * @throws AccessError if the gateway refuses the request. @throws TypeError if it cannot be reached, and DOMException if it does not respond
 * within `requestTimeoutMs`. @throws SyntaxError for other text.
 */
export async function fetchJson(path: string): Promise<unknown> {
  const token = pageToken();
  const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(path, { headers, signal: AbortSignal.timeout(requestTimeoutMs) });
  const code = codes[response.status];
  if (code !== undefined) throw new AccessError(code);
  return response.json();
}
