/** The certificate of `framegate serve`: in the log, and for a reload. Main thread. */
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import { readCertificate } from '../server/tls.ts';

/** Logs the certificate that is in the files, if there is one. @throws ConfigError if it cannot be used. */
export function logCertificate({ tls }: Pick<Config, 'tls'>, log: Log): void {
  if (tls === undefined) return;
  const { isExpired, ...facts } = readCertificate(tls);
  if (isExpired) log.warn('certificate', facts, 'certificate has expired');
  else log.info('certificate', facts, 'certificate in use');
}

/** Checks the certificate for a reload. @returns what puts it into use. @throws ConfigError if it cannot be used. */
export function prepareCertificate(config: Pick<Config, 'tls'>, log: Log, renew: () => Promise<void>): () => void {
  if (config.tls === undefined) return () => undefined;
  readCertificate(config.tls);
  return () => {
    renew().then(
      () => logCertificate(config, log),
      (err: unknown) => log.error('certificate_failed', { err }, 'certificate not renewed; the old one stays in use'),
    );
  };
}
