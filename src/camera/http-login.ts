/** HTTP authentication with a camera: Basic (RFC 7617) and Digest (RFC 7616, 2617). Pure. */
import { createHash } from 'node:crypto';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A parsed `WWW-Authenticate` header. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'digest';
      readonly realm: string;
      readonly nonce: string;
      readonly opaque: string | undefined;
      /** As the camera wrote it; undefined if missing. */
      readonly algorithm: string | undefined;
      /** Cameras from before 1999 do not support `qop`. */
      readonly hasQop: boolean;
    };

/** The per-request input of a digest. */
export interface DigestRequest {
  /** Path and query. */
  readonly uri: string;
  /** How often the nonce was used, including this request. */
  readonly count: number;
  readonly clientNonce: string;
}

const hashes: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256' };
const sessionSuffix = /-sess$/i;

/** The user name and password of an address; undefined if it has no user name. */
export function loginOf(address: URL): Login | undefined {
  if (address.username === '') return undefined;
  return { user: decode(address.username), password: decode(address.password) };
}

/** @returns the first supported Digest challenge, otherwise Basic if offered, otherwise undefined. */
export function readChallenge(headers: readonly string[]): Challenge | undefined {
  const challenges = headers.flatMap(splitChallenges).map(([scheme, parameters]) => parseChallenge(scheme, parameters));
  return challenges.find((one) => one?.scheme === 'digest') ?? challenges.find((one) => one !== undefined);
}

/** The value of the `Authorization` header of a GET. */
export function authorize(challenge: Challenge, login: Login, request: DigestRequest): string {
  if (challenge.scheme === 'basic') {
    return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  }
  const { realm, nonce, opaque, algorithm = 'MD5', hasQop } = challenge;
  const { uri, count, clientNonce } = request;
  const hash = (...texts: readonly string[]) =>
    createHash(hashOf(algorithm) ?? 'md5')
      .update(texts.join(':'))
      .digest('hex');
  const user = hash(login.user, realm, login.password);
  const secret = sessionSuffix.test(algorithm) ? hash(user, nonce, clientNonce) : user;
  const nonceCount = count.toString(16).padStart(8, '0');
  const middle = hasQop ? [nonce, nonceCount, clientNonce, 'auth'] : [nonce];
  const response = hash(secret, ...middle, hash('GET', uri));
  return [
    `Digest username=${quote(login.user)}`,
    ...[`realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `uri=${quote(uri)}`, `response="${response}"`],
    ...(challenge.algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
    ...(hasQop ? ['qop=auth', `nc=${nonceCount}`, `cnonce="${clientNonce}"`] : []),
  ].join(', ');
}

/** One header may contain several challenges: `Basic realm="a", Digest realm="a", nonce="b"`. */
function splitChallenges(header: string): [string, string][] {
  const starts = [...header.matchAll(/(?:^|,)\s*([a-z][\w-]*)(?=\s+[\w-]+\s*=|\s*$)/gi)];
  return starts.map((start, index) => {
    const from = start.index + start[0].length;
    return [(start[1] ?? '').toLowerCase(), header.slice(from, starts[index + 1]?.index)];
  });
}

function parseChallenge(scheme: string, text: string): Challenge | undefined {
  if (scheme === 'basic') return { scheme };
  if (scheme !== 'digest') return undefined;
  const parameters = new Map(
    [...text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)].map(([, name = '', quoted, token]) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '',
    ]),
  );
  const algorithm = parameters.get('algorithm');
  const qop = parameters.get('qop');
  const isSupported =
    hashOf(algorithm ?? 'MD5') !== undefined && (qop === undefined || /(^|[\s,])auth($|[\s,])/i.test(qop));
  if (!isSupported) return undefined;
  const [realm = '', nonce = ''] = [parameters.get('realm'), parameters.get('nonce')];
  return { scheme, realm, nonce, opaque: parameters.get('opaque'), algorithm, hasQop: qop !== undefined };
}

function hashOf(algorithm: string): string | undefined {
  return hashes[algorithm.toLowerCase().replace(sessionSuffix, '')];
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
