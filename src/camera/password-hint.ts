/** Detects an address that an unencoded character in the password breaks. Pure. */
import { endsWithSecret } from './redact.ts';

/** Characters with a special meaning in an address, and their percent-encoding. */
const escapes = { '#': '%23', '?': '%3F', '/': '%2F', ' ': '%20' } as const;

type Special = keyof typeof escapes;

export interface PasswordHint {
  /** The address cannot be valid as written; otherwise it may be intended. */
  readonly isCertain: boolean;
  /** Does not quote the password. */
  readonly text: string;
}

/** The address up to the first character that ends its host, that character, and the rest. */
const parts = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([/?#])?(.*)$/is;

/**
 * Checks an address as typed. An unencoded `@` is fine: the last one before the path counts, for ffmpeg too.
 * @returns undefined if nothing suggests an unencoded password.
 */
export function passwordHint(address: string): PasswordHint | undefined {
  if (/\s/.test(address)) return hintFor(' ', true);
  const [, authority = '', special, rest = ''] = parts.exec(address) ?? [];
  if (special === undefined) return undefined;
  if (isCutByHash(special + rest)) return hintFor('#', true);
  if (!rest.includes('@')) return undefined;
  // `admin:pa/ss@host`: the apparent host is the user name, and the apparent port is the start of the password.
  const port = /:([^:@\]]*)$/.exec(authority)?.[1];
  if (port !== undefined) return hintFor(special as Special, !/^\d*$/.test(port));
  return authority.includes('@') ? hintFor(special as Special, false) : undefined;
}

/** `//admin:12#34@host` and `?user=admin&pwd=12#34`: cameras do not use `#`, and what follows it is never sent to them. */
function isCutByHash(text: string): boolean {
  const at = text.indexOf('#');
  if (at === -1) return false;
  const before = text.slice(0, at);
  return text.includes('@', at) || endsWithSecret(before.slice(before.indexOf('?') + 1));
}

function hintFor(special: Special, isCertain: boolean): PasswordHint {
  const name = special === ' ' ? 'a space' : `\`${special}\``;
  return { isCertain, text: `in a password, encode ${name} as \`${escapes[special]}\`` };
}
