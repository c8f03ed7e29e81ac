/** Addresses as they may be printed. Pure; any thread. */

const hidden = '***';

/** The query parameter with a token for the gateway. */
const tokenParameter = 'token';

/** An address without its token and password. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  if (shown.searchParams.has(tokenParameter)) shown.searchParams.set(tokenParameter, hidden);
  if (shown.password !== '') shown.password = hidden;
  return shown.href;
}
