/** The client address of a connection: the peer's, or the one that a trusted proxy forwards. Runs on the loop. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { HttpRequest, HttpResponse } from './uws.ts';

/** Parses addresses (`10.0.0.7`) and networks (`10.0.0.0/8`, `fd00::/8`) into a {@link BlockList}. */
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

/** An IPv4-mapped IPv6 address as uWebSockets.js writes it: all groups, unabbreviated. */
const mappedPattern = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/i;
const hexRadix = 16;

/** The owner of one IPv6 address usually has its whole /64 network. */
const groupsOfNetwork = 4;
const ipv6Groups = 8;

/**
 * The address that limits and shares apply to: the peer's, or, if a trusted proxy sent it, the last address in `X-Forwarded-For` that is
 * not a trusted proxy itself. Everything before that one may be forged.
 */
export function clientAddress(response: HttpResponse, request: HttpRequest, trusted: BlockList): string {
  const peer = plainAddress(Buffer.from(response.getRemoteAddressAsText()).toString('latin1'));
  return addressKey(isIn(peer, trusted) ? forwardedAddress(peer, forwardedBy(request), trusted) : peer);
}

/** All lines of `X-Forwarded-For` in order. HAProxy adds its own after that of the client, and `getHeader` returns only the first. */
function forwardedBy(request: HttpRequest): string {
  const lines: string[] = [];
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value);
  });
  return lines.join(',');
}

/** @param forwarded `X-Forwarded-For`: comma-separated addresses, each appended by the proxy that received the connection. */
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

/** IPv4 unchanged; IPv6 as its /64 network, since its owner has a practically unlimited number of addresses there. */
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

/** The groups of an IPv6 address without leading zeros, with `::` expanded. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : ipv6Groups - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return groups.map((group) => group.replace(/^0+(?=.)/, '').toLowerCase());
}
