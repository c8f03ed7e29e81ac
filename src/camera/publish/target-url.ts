/** Parses the address of a target: an MQTT broker or a webhook. Pure. */
import { passwordHint } from '../password-hint.ts';
import { redactAddress } from '../redact.ts';

export interface TargetAddress {
  readonly kind: 'mqtt' | 'webhook';
  readonly url: URL;
  readonly usesTls: boolean;
  /** Scheme and host, for printing. Paths and queries of webhooks are often secret. */
  readonly shown: string;
}

export type ReadTarget =
  | { readonly ok: true; readonly address: TargetAddress }
  | { readonly ok: false; readonly issue: string };

/** Longer than any address. */
const maxUrlLength = 2048;
const kindOfScheme: Readonly<Record<string, TargetAddress['kind']>> = {
  'mqtt:': 'mqtt',
  'mqtts:': 'mqtt',
  'http:': 'webhook',
  'https:': 'webhook',
};
const defaultPrefix = 'framegate';
const maxPrefixLength = 200;

/** The issue of an address never shows its password, path, or query. */
export function readTargetUrl(text: string): ReadTarget {
  if (text.length > maxUrlLength) return failed(`address is longer than ${maxUrlLength} characters`);
  if (!URL.canParse(text)) return failed(describeInvalid(text));
  const url = new URL(text);
  const kind = kindOfScheme[url.protocol];
  const shown = `${url.protocol}//${url.host}`;
  if (kind === undefined) return failed(`${url.protocol}// is not supported; expected mqtt, mqtts, http, or https`);
  if (passwordHint(text)?.isCertain === true || url.hostname === '') return failed(describeInvalid(text));
  if (!isDecodable(url.username) || !isDecodable(url.password))
    return failed(`${shown}: in a user name or password, encode \`%\` as \`%25\``);
  if (url.hash !== '') return failed(`${shown}: an address with # is not supported; encode it as %23`);
  const issue = kind === 'mqtt' ? mqttIssue(url) : undefined;
  if (issue !== undefined) return failed(`${shown}: ${issue}`);
  return { ok: true, address: { kind, url, shown, usesTls: ['mqtts:', 'https:'].includes(url.protocol) } };
}

/** The prefix of the topics: the path of the address. */
export function prefixOf({ pathname }: URL): string {
  const prefix = decodeURIComponent(pathname).replace(/^\/|\/$/g, '');
  return prefix === '' ? defaultPrefix : prefix;
}

/** Why a text cannot be the start of topics; undefined if it can. */
export function prefixIssue(prefix: string): string | undefined {
  if (prefix.length > maxPrefixLength) return `topic prefix is longer than ${maxPrefixLength} characters`;
  if (/[+#\p{C}]/u.test(prefix) || prefix.startsWith('$') || prefix.split('/').includes(''))
    return 'topic prefix must be names separated by /, without +, # or control characters, and must not start with $';
  return undefined;
}

function mqttIssue(url: URL): string | undefined {
  if (url.search !== '') return 'an address with ? is not supported';
  if (!isDecodable(url.pathname)) return 'in a topic prefix, encode `%` as `%25`';
  return prefixIssue(prefixOf(url));
}

/** Only the start: where the address ends is not known. */
function describeInvalid(text: string): string {
  const hint = passwordHint(text);
  const start = redactAddress(text).split(/[/?#]/, 3).join('/');
  return hint === undefined ? `"${start}" is not a valid address` : `${start} is not a valid address: ${hint.text}`;
}

function failed(issue: string): ReadTarget {
  return { ok: false, issue };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
