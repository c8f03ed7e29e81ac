/** Keeps passwords out of what is printed. Pure. */

const stars = '***';
/** A literal this short would also be found where it means nothing. */
const minLiteralLength = 3;

/** Query parameters by which cameras take passwords: `/video.cgi?user=admin&pwd=secret`. */
const secretName = String.raw`(?:[\w.-]*(?:pass|pwd|token|secret|auth|key)[\w.-]*|pw|p)`;
/** In a line of text the value ends with the address; `#` does not end it, as it may be the password's own. */
const secretInText = new RegExp(String.raw`([?&;]${secretName}=)[^&;\s'"]*`, 'gi');
const secretInAddress = new RegExp(`([?&;]${secretName}=)([^&;]*)`, 'gi');
const secretAtEnd = new RegExp(`(?:^|[?&;])${secretName}=[^&;]*$`, 'i');
/** What stands between `//` and the last `@` of an address. Without a colon it is a user's name, or a key in its place. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)([^\s:/@]*)(?::\S*)?@/gi;
const userInfoOfAddress = /^([a-z][a-z0-9+.-]*:\/\/)([^:/@]*):(.*)@/is;

/** The same text with `***` for every password of an address in it; a name keeps its place: `rtsp://user:***@host`. */
export function redact(text: string): string {
  return text
    .replace(userInfo, (_, scheme: string, user: string) => `${scheme}${user}:${stars}@`)
    .replace(secretInText, (_, name: string) => `${name}${stars}`);
}

/** As {@link redact} for a text that is nothing but one address: a password with a space or a quote in it too. */
export function redactAddress(address: string): string {
  const withoutPassword = address.replace(userInfoOfAddress, (_, scheme: string, user: string) => {
    return `${scheme}${user}:${stars}@`;
  });
  return redact(withoutPassword.replace(secretInAddress, (_, name: string) => `${name}${stars}`));
}

/** Whether a query ends with a password. */
export function endsWithSecret(query: string): boolean {
  return secretAtEnd.test(query);
}

/** As {@link redact}, and the passwords of `address` wherever else they stand, plain or percent-encoded. */
export function redactSecretsOf(address: string, text: string): string {
  const secrets = secretsOf(address).filter((secret) => secret.length >= minLiteralLength);
  return secrets.reduce((result, secret) => result.replaceAll(secret, stars), redact(text));
}

function secretsOf(address: string): string[] {
  const raw = [
    userInfoOfAddress.exec(address)?.[3] ?? '',
    ...[...address.matchAll(secretInAddress)].map(([, , secret]) => secret ?? ''),
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
