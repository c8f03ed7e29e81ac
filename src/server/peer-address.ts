/** Whose connection it is: the peer's address, or the one that a trusted proxy forwards. Runs on the loop. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** Addresses (`10.0.0.7`) and networks (`10.0.0.0/8`, `fd00::/8`) as {@link BlockList} takes them. */
export function parseNetworks(entries: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(prefix), family);
  }
  return networks;
}

/** An IPv4 address inside IPv6 as uWebSockets.js writes it: all groups, none shortened. */
const mappedPattern = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/i;
const hexRadix = 16;

/** Whoever has one address of an IPv6 network has all of its last 64 bits. */
const groupsOfNetwork = 4;
const ipv6Groups = 8;

/**
 * The name under which limits and shares count a connection: the peer's address, or, where a trusted proxy sent it, the last
 * address in `X-Forwarded-For` that is not a trusted proxy itself. Whatever stands before that one may be made up.
 */
export function clientAddress(response: HttpResponse, request: HttpRequest, trusted: BlockList): string {
  const peer = plainAddress(Buffer.from(response.getRemoteAddressAsText()).toString('latin1'));
  return addressKey(forwardedAddress(peer, request.getHeader('x-forwarded-for'), trusted));
}

/** @param forwarded `X-Forwarded-For`: addresses with commas, each added by the proxy that it had come to. */
export function forwardedAddress(peer: string, forwarded: string, trusted: BlockList): string {
  let address = peer;
  const hops = forwarded === '' ? [] : forwarded.split(',');
  while (isIn(address, trusted)) {
    const next = bareAddress(hops.pop()?.trim() ?? '');
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** IPv4 as it is; of IPv6 the network, since its owner has endlessly many addresses there. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  return `${groupsOf(address).slice(0, groupsOfNetwork).join(':')}::/64`;
}

function isIn(address: string, networks: BlockList): boolean {
  return isIP(address) !== 0 && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function plainAddress(text: string): string {
  const mapped = mappedPattern.exec(text);
  return mapped === null
    ? text
    : mapped
        .slice(1)
        .map((byte) => Number.parseInt(byte, hexRadix))
        .join('.');
}

/** Some proxies write `192.0.2.1:4711`, `[2001:db8::1]:4711` or `::ffff:192.0.2.1`. */
const entryPattern = /^(?:\[([^\]]+)\](?::\d+)?|(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?)$/i;

function bareAddress(entry: string): string {
  const [, ipv6, ipv4] = entryPattern.exec(entry) ?? [];
  return ipv6 ?? ipv4 ?? entry;
}

/** The groups of an IPv6 address without leading zeros; `::` filled up. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : ipv6Groups - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return groups.map((group) => group.replace(/^0+(?=.)/, '').toLowerCase());
}
