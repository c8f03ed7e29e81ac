/** Notices a password that breaks its address, since a character of it means something else there. Pure. */
import { endsWithSecret } from './redact.ts';

/** What has a meaning of its own in an address, and how it is written in a password. */
const escapes = { '#': '%23', '?': '%3F', '/': '%2F', ' ': '%20' } as const;

type Special = keyof typeof escapes;

export interface PasswordHint {
  /** The address can mean nothing else; otherwise it may be meant as it stands. */
  readonly isCertain: boolean;
  /** Does not quote the password. */
  readonly text: string;
}

/** An address up to the first character that ends its host, that character, and the rest. */
const parts = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([/?#])?(.*)$/is;

/**
 * Reads an address as it was typed. A raw `@` is none of its business: the last one before the path counts, for ffmpeg too.
 * @returns undefined where nothing points to a password that would have to be encoded.
 */
export function passwordHint(address: string): PasswordHint | undefined {
  if (/\s/.test(address)) return hintFor(' ', true);
  const [, authority = '', special, rest = ''] = parts.exec(address) ?? [];
  if (special === undefined) return undefined;
  if (isCutByHash(special + rest)) return hintFor('#', true);
  if (!rest.includes('@')) return undefined;
  // `admin:pa/ss@host`: what seems to be the host is the user, and what seems to be the port is the password's start.
  const port = /:([^:@\]]*)$/.exec(authority)?.[1];
  if (port !== undefined) return hintFor(special as Special, !/^\d*$/.test(port));
  return authority.includes('@') ? hintFor(special as Special, false) : undefined;
}

/** `//admin:12#34@host` and `?user=admin&pwd=12#34`: no camera has a use for `#`, and what follows it does not reach one. */
function isCutByHash(text: string): boolean {
  const at = text.indexOf('#');
  if (at === -1) return false;
  const before = text.slice(0, at);
  return text.includes('@', at) || endsWithSecret(before.slice(before.indexOf('?') + 1));
}

function hintFor(special: Special, isCertain: boolean): PasswordHint {
  const name = special === ' ' ? 'a space' : `\`${special}\``;
  return { isCertain, text: `in a password, ${name} is written \`${escapes[special]}\`` };
}
