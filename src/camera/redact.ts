/** Removes passwords from printed text. Pure. */

const stars = '***';
/** Shorter secrets would match unrelated text. */
const minLiteralLength = 3;

/** Query parameters in which cameras expect passwords: `/video.cgi?user=admin&pwd=secret`. */
const secretName = String.raw`(?:[\w.-]*(?:pass|pwd|token|secret|auth|key)[\w.-]*|pw|p)`;
/** In a line of text the value ends with the address; `#` does not end it, as it may be part of the password. */
const secretInText = new RegExp(String.raw`([?&;]${secretName}=)[^&;\s'"]*`, 'gi');
const secretInAddress = new RegExp(`([?&;]${secretName}=)([^&;]*)`, 'gi');
const secretAtEnd = new RegExp(`(?:^|[?&;])${secretName}=[^&;]*$`, 'i');
/** The text between `//` and the last `@` of an address. Without a colon it is a user name, or a key used as one. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)([^\s:/@]*)(?::\S*)?@/gi;
const userInfoOfAddress = /^([a-z][a-z0-9+.-]*:\/\/)([^:/@]*):(.*)@/is;

/** Replaces the passwords of all addresses in a text with `***`; user names stay: `rtsp://user:***@host`. */
export function redact(text: string): string {
  return text
    .replace(userInfo, (_, scheme: string, user: string) => `${scheme}${user}:${stars}@`)
    .replace(secretInText, (_, name: string) => `${name}${stars}`);
}

/** Like {@link redact} for a single address, including passwords with spaces or quotes. */
export function redactAddress(address: string): string {
  const withoutPassword = address.replace(userInfoOfAddress, (_, scheme: string, user: string) => {
    return `${scheme}${user}:${stars}@`;
  });
  return redact(withoutPassword.replace(secretInAddress, (_, name: string) => `${name}${stars}`));
}

/** Whether a query string ends with a password. */
export function endsWithSecret(query: string): boolean {
  return secretAtEnd.test(query);
}

/** Like {@link redact}, and also removes the passwords of `address` anywhere else in the text, plain or percent-encoded. */
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
