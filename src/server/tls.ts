/** The certificate of the listeners: checked before uWebSockets.js reads it, since that says only that it cannot. Main thread. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../errors.ts';
import { timestamp } from '../observe/timestamp.ts';

/** Both in PEM format. */
export interface TlsFiles {
  /** The certificate, followed by those that connect it to its root. */
  readonly certFile: string;
  /** Its private key, without a passphrase. */
  readonly keyFile: string;
}

/** What an operator wants to know of a certificate. */
export interface CertificateFacts {
  readonly subject: string;
  /** ISO 8601. */
  readonly expires: string;
  readonly isExpired: boolean;
}

/** Reads and checks the files. @throws ConfigError with one line if they cannot be used. */
export function readCertificate({ certFile, keyFile }: TlsFiles): CertificateFacts {
  const [cert, key] = [read('TLS_CERT_FILE', certFile), read('TLS_KEY_FILE', keyFile)];
  const certificate = orConfigError(`TLS_CERT_FILE: ${certFile} is not a certificate in PEM format`, () => {
    return new X509Certificate(cert);
  });
  orConfigError(`TLS_KEY_FILE: ${keyFile} is not the private key of the certificate, or has a passphrase`, () => {
    createSecureContext({ cert, key });
  });
  const { subject, subjectAltName, validToDate } = certificate;
  const expires = validToDate.toISOString();
  return { subject: subjectAltName ?? subject, expires, isExpired: expires < timestamp() };
}

function read(variable: string, path: string): Buffer {
  return orConfigError(`${variable}: ${path} cannot be read`, () => readFileSync(path));
}

function orConfigError<Value>(issue: string, attempt: () => Value): Value {
  try {
    return attempt();
  } catch (cause) {
    throw new ConfigError([`${issue} (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`], { cause });
  }
}
