/** The settings of the NATS broker through which gateways use other hosts, and what follows from them. Main thread. */
import { readFileSync } from 'node:fs';
import type { Settings } from './settings.ts';

/** How to reach the broker. Files are absolute paths. */
export interface BrokerConfig {
  /** `host:port` of each server, without a password. */
  readonly servers: readonly string[];
  readonly usesTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly credsFile: string | undefined;
  readonly nkeyFile: string | undefined;
  readonly tlsCaFile: string | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  /** Gateways and hosts of the same group work together. */
  readonly group: string;
}

type BrokerSettings = Pick<
  Settings,
  | 'natsUrls'
  | 'natsGroup'
  | 'natsCredsFile'
  | 'natsNkeyFile'
  | 'natsTlsCaFile'
  | 'natsTlsCertFile'
  | 'natsTlsKeyFile'
  | 'poolWorkers'
>;

const fileVariables = {
  natsCredsFile: 'NATS_CREDS_FILE',
  natsNkeyFile: 'NATS_NKEY_FILE',
  natsTlsCaFile: 'NATS_TLS_CA_FILE',
  natsTlsCertFile: 'NATS_TLS_CERT_FILE',
  natsTlsKeyFile: 'NATS_TLS_KEY_FILE',
} as const;

/** @returns undefined without NATS_URL. */
export function brokerConfigOf(settings: BrokerSettings): BrokerConfig | undefined {
  const urls = settings.natsUrls.map((text) => new URL(text));
  const [first] = urls;
  if (first === undefined) return undefined;
  return {
    servers: urls.map(({ host }) => host),
    usesTls: urls.some(({ protocol }) => protocol === 'tls:') || settings.natsTlsCaFile !== undefined,
    user: textOf(first.username),
    password: textOf(first.password),
    credsFile: settings.natsCredsFile,
    nkeyFile: settings.natsNkeyFile,
    tlsCaFile: settings.natsTlsCaFile,
    tlsCertFile: settings.natsTlsCertFile,
    tlsKeyFile: settings.natsTlsKeyFile,
    group: settings.natsGroup,
  };
}

/** Issues of the settings together: one line each. */
export function brokerIssues(settings: BrokerSettings): string[] {
  const { natsUrls, natsCredsFile, natsNkeyFile, natsTlsCertFile, natsTlsKeyFile, poolWorkers } = settings;
  const given = Object.entries(fileVariables).filter(([key]) => settings[key as keyof typeof fileVariables]);
  if (natsUrls.length === 0) {
    const unused = given.map(([, variable]) => `${variable} needs NATS_URL`);
    return poolWorkers === 0 ? [...unused, 'POOL_WORKERS 0 needs NATS_URL: nothing else can run frames'] : unused;
  }
  const issues = given.flatMap(([key, variable]) => fileIssue(variable, settings[key as keyof typeof fileVariables]));
  if (natsCredsFile !== undefined && natsNkeyFile !== undefined)
    issues.push('NATS_CREDS_FILE and NATS_NKEY_FILE exclude each other');
  if ((natsTlsCertFile === undefined) !== (natsTlsKeyFile === undefined))
    issues.push('NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE must be set together');
  return issues;
}

/** Read once here, so that a wrong path is reported like any other bad value, and not by the TLS library. */
function fileIssue(variable: string, path: string | undefined): string[] {
  if (path === undefined) return [];
  try {
    readFileSync(path);
    return [];
  } catch (error) {
    return [`${variable} cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function textOf(encoded: string): string | undefined {
  return encoded === '' ? undefined : decodeURIComponent(encoded);
}
