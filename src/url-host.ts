/** Writes a host as it stands in a URL. Imports nothing; any thread. */

/** An IPv6 address is put in brackets. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The host for a client on this machine: a wildcard address becomes the loopback address. */
export function localUrlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return isIpv6Wildcard(host) ? '[::1]' : urlHost(host);
}

/** `::`, in any notation such as `0:0::0`. */
function isIpv6Wildcard(host: string): boolean {
  return host.includes(':') && /^[0:]+$/.test(host);
}
