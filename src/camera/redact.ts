/** Keeps passwords out of what is printed. Pure. */

const stars = '***';
/** A literal this short would also be found where it means nothing. */
const shortestLiteral = 3;

/** Query parameters by which cameras take passwords: `/video.cgi?user=admin&pwd=secret`. */
const secretParameter = /([?&;](?:[\w.-]*(?:pass|pwd|token|secret|auth|key)[\w.-]*|pw|p)=)[^&#;\s'"]*/gi;
/** What stands between `//` and the last `@` of an address. Without a colon it is a user's name, or a key in its place. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)([^\s:/@]*)(?::\S*)?@/gi;

/** The same text with `***` for every password of an address in it; a name keeps its place: `rtsp://user:***@host`. */
export function redact(text: string): string {
  return text
    .replace(userInfo, (_, scheme: string, user: string) => `${scheme}${user}:${stars}@`)
    .replace(secretParameter, (_, name: string) => `${name}${stars}`);
}

/** As {@link redact}, and the passwords of `address` wherever else they stand, plain or percent-encoded. */
export function redactSecretsOf(address: string, text: string): string {
  const secrets = secretsOf(address).filter((secret) => secret.length >= shortestLiteral);
  return secrets.reduce((result, secret) => result.replaceAll(secret, stars), redact(text));
}

function secretsOf(address: string): string[] {
  const raw = [
    ...[...address.matchAll(/:\/\/[^\s:/@]*:(\S*)@/g)].map(([, password]) => password ?? ''),
    ...[...address.matchAll(secretParameter)].map(([whole, name = '']) => whole.slice(name.length)),
  ];
  return raw.flatMap((secret) => [secret, decode(secret)]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
