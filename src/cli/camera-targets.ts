/** Turns `--publish`, its options, and `publish` of the `--sources` file into checked targets with their cameras. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { TargetPlan } from '../camera/publish/target.ts';
import { prefixIssue, readTargetUrl, type TargetAddress } from '../camera/publish/target-url.ts';
import { type PublishSecrets, publishSecretsOfEnvironment } from '../config.ts';
import { ConfigError } from '../errors.ts';

export interface PublishFlags {
  readonly publish?: readonly string[];
  readonly mqttPasswordFile?: string;
  readonly webhookSecretFile?: string;
  readonly publishCa?: string;
  readonly publishCert?: string;
  readonly publishKey?: string;
  readonly homeAssistant?: boolean;
}

/** Each has a buffer of its own. */
const maxTargets = 16;
/** A shorter one could be guessed. */
const minSecretLength = 16;
/** The limit of MQTT. */
const maxPasswordBytes = 65_535;
const defaultDiscoveryPrefix = 'homeassistant';

const targetSchema = z.strictObject({
  url: z.string().min(1),
  password_file: z.string().min(1).optional(),
  secret_file: z.string().min(1).optional(),
  ca_file: z.string().min(1).optional(),
  cert_file: z.string().min(1).optional(),
  key_file: z.string().min(1).optional(),
  home_assistant: z.union([z.boolean(), z.string().min(1)]).optional(),
});

/** `publish` of a camera in the `--sources` file; `[]` for a camera that publishes nothing. */
export const publishSchema = z.array(z.union([z.string().min(1), targetSchema])).max(maxTargets);

export type PublishEntry = z.infer<typeof publishSchema>[number];
type TargetEntry = z.infer<typeof targetSchema>;

/** A camera and where it publishes. Without entries of its own, where the flags say. */
export interface PublishingCamera {
  readonly publicName: string;
  readonly publish: readonly PublishEntry[] | undefined;
}

export interface PlannedTarget {
  readonly plan: TargetPlan;
  readonly cameras: readonly string[];
}

interface Draft {
  readonly entry: TargetEntry;
  readonly address: TargetAddress;
  readonly cameras: string[];
}

/** @throws ConfigError with one line per issue. No line has a password, or a path or query of a webhook. */
export function planTargets(
  cameras: readonly PublishingCamera[],
  flags: PublishFlags,
  environment: PublishSecrets = publishSecretsOfEnvironment(),
): PlannedTarget[] {
  const issues: string[] = [];
  const drafts = draftTargets(cameras, flags, issues);
  issues.push(...flagIssues(flags, drafts), ...nameIssues(drafts), ...passwordIssues(drafts, flags, environment));
  if (issues.length > 0) throw new ConfigError(issues);
  const shown = new Map<string, number>();
  return drafts.map((draft) => {
    const count = (shown.get(draft.address.shown) ?? 0) + 1;
    shown.set(draft.address.shown, count);
    const name = count === 1 ? draft.address.shown : `${draft.address.shown} #${count}`;
    return { plan: planOf(draft, name, environment), cameras: draft.cameras };
  });
}

/** One per address; cameras with the same address share it. */
function draftTargets(cameras: readonly PublishingCamera[], flags: PublishFlags, issues: string[]): Draft[] {
  const given = flags.publish ?? [];
  issues.push(...commandLineIssues(given));
  if (issues.length > 0) return [];
  const drafts = new Map<string, Draft>();
  for (const { publicName, publish = given } of cameras) {
    const entries = publish.map((item) => withFlags(typeof item === 'string' ? { url: item } : item, flags));
    if (new Set(entries.map(({ url }) => url)).size < entries.length)
      issues.push(`${publicName}: publish: the same address is given twice`);
    for (const entry of entries) {
      const read = readTargetUrl(entry.url);
      if (!read.ok) issues.push(`${publicName}: publish: ${read.issue}`);
      else issues.push(...keyIssues(publicName, entry, read.address));
      if (read.ok) addDraft(drafts, { entry, address: read.address, cameras: [publicName] }, issues);
    }
  }
  if (drafts.size > maxTargets) issues.push(`too many targets: ${drafts.size}; at most ${maxTargets} are allowed`);
  return [...drafts.values()];
}

function commandLineIssues(urls: readonly string[]): string[] {
  const issues = new Set(urls).size < urls.length ? ['--publish: the same address is given twice'] : [];
  for (const url of new Set(urls)) {
    const read = readTargetUrl(url);
    if (!read.ok) issues.push(`--publish: ${read.issue}`);
    else if (read.address.url.password !== '') issues.push(`--publish: ${read.address.shown}: ${passwordHelp}`);
  }
  return issues;
}

const passwordHelp =
  'other users of the machine could see the password; use FRAMEGATE_MQTT_PASSWORD, --mqtt-password-file, or the --sources file';

function addDraft(drafts: Map<string, Draft>, draft: Draft, issues: string[]): void {
  const known = drafts.get(draft.entry.url);
  if (known === undefined) drafts.set(draft.entry.url, draft);
  else if (JSON.stringify(known.entry) !== JSON.stringify(draft.entry))
    issues.push(`${draft.address.shown} has different options for different cameras`);
  else known.cameras.push(...draft.cameras);
}

/** The flags apply to every target of their kind that has no file of its own. Keys in a fixed order, to be compared. */
function withFlags(entry: TargetEntry, flags: PublishFlags): TargetEntry {
  const isMqtt = /^mqtt/i.test(entry.url);
  const hasTls = /^(?:mqtts|https):/i.test(entry.url);
  const of = <Value>(applies: boolean, own: Value | undefined, flag: Value | undefined) =>
    own ?? (applies ? flag : undefined);
  return {
    url: entry.url,
    password_file: of(isMqtt, entry.password_file, flags.mqttPasswordFile),
    secret_file: of(!isMqtt, entry.secret_file, flags.webhookSecretFile),
    ca_file: of(hasTls, entry.ca_file, flags.publishCa),
    cert_file: of(hasTls, entry.cert_file, flags.publishCert),
    key_file: of(hasTls, entry.key_file, flags.publishKey),
    home_assistant: of(isMqtt, entry.home_assistant, flags.homeAssistant),
  };
}

/** An option that has no effect is a mistake. */
function flagIssues(flags: PublishFlags, drafts: readonly Draft[]): string[] {
  const has = (holds: (address: TargetAddress) => boolean) => drafts.some(({ address }) => holds(address));
  const checks: [unknown, string, boolean, string][] = [
    [flags.mqttPasswordFile, '--mqtt-password-file', has(({ kind }) => kind === 'mqtt'), 'an MQTT target'],
    [flags.webhookSecretFile, '--webhook-secret-file', has(({ kind }) => kind === 'webhook'), 'a webhook'],
    [flags.homeAssistant, '--home-assistant', has(({ kind }) => kind === 'mqtt'), 'an MQTT target'],
    [flags.publishCa, '--publish-ca', has(({ usesTls }) => usesTls), 'an mqtts:// or https:// target'],
    [flags.publishCert, '--publish-cert', has(({ usesTls }) => usesTls), 'an mqtts:// or https:// target'],
    [flags.publishKey, '--publish-key', has(({ usesTls }) => usesTls), 'an mqtts:// or https:// target'],
  ];
  if (flags.publish !== undefined && drafts.length === 0) return [];
  return checks.flatMap(([flag, name, isUsed, needed]) =>
    flag === undefined || isUsed ? [] : [`${name} needs ${needed}; add one with --publish`],
  );
}

/** Keys of an object in the file that its target does not use. */
function keyIssues(camera: string, entry: TargetEntry, { kind, usesTls, shown }: TargetAddress): string[] {
  const unused = kind === 'mqtt' ? (['secret_file'] as const) : (['password_file', 'home_assistant'] as const);
  const keys = [...unused, ...(usesTls ? [] : (['ca_file', 'cert_file', 'key_file'] as const))];
  return keys
    .filter((key) => entry[key] !== undefined)
    .map((key) => `${camera}: publish: ${shown} has no use for ${key}`);
}

/** Topics and messages are told apart by names only. */
function nameIssues(drafts: readonly Draft[]): string[] {
  const names = drafts.flatMap(({ cameras }) => cameras.filter((name, index) => cameras.indexOf(name) !== index));
  return [...new Set(names)].map((name) => `duplicate camera name "${name}"; set a unique "name" for each camera`);
}

/** A password is for one broker. */
function passwordIssues(drafts: readonly Draft[], flags: PublishFlags, { mqttPassword }: PublishSecrets): string[] {
  const hasShared = flags.mqttPasswordFile !== undefined || mqttPassword !== undefined;
  const users = drafts.filter(({ address }) => address.kind === 'mqtt' && address.url.username !== '');
  const shared = users.filter(
    ({ entry, address }) =>
      address.url.password === '' &&
      (entry.password_file === undefined || entry.password_file === flags.mqttPasswordFile),
  );
  const hosts = new Set(shared.map(({ address }) => address.url.host));
  if (hasShared && hosts.size > 1)
    return [`${[...hosts].join(' and ')} would get the same password; give each a password_file in the --sources file`];
  if (flags.mqttPasswordFile !== undefined && users.length === 0 && drafts.length > 0)
    return ['--mqtt-password-file needs a user in the address: mqtts://USER@HOST'];
  return [];
}

function planOf({ entry, address }: Draft, shown: string, environment: PublishSecrets): TargetPlan {
  const { kind, url } = address;
  const isMqtt = kind === 'mqtt';
  const own = url.password === '' ? undefined : decodeURIComponent(url.password);
  const hasUser = isMqtt && url.username !== '';
  const password =
    entry.password_file === undefined ? (own ?? environment.mqttPassword) : readSecret(entry.password_file);
  const secret = entry.secret_file === undefined ? environment.webhookSecret : readSecret(entry.secret_file);
  if (hasUser && Buffer.byteLength(password ?? '') > maxPasswordBytes)
    throw new ConfigError([`${shown}: the password is longer than ${maxPasswordBytes} bytes`]);
  if (!isMqtt && secret !== undefined && secret.length < minSecretLength)
    throw new ConfigError([`${shown}: the secret of a webhook must have at least ${minSecretLength} characters`]);
  return {
    ...{ kind, url, shown },
    password: hasUser ? password : undefined,
    secret: isMqtt ? undefined : secret,
    tls: readTls(entry),
    discovery: isMqtt ? discoveryOf(entry.home_assistant) : undefined,
  };
}

function discoveryOf(given: TargetEntry['home_assistant']): string | undefined {
  if (given === undefined || given === false) return undefined;
  const prefix = given === true ? defaultDiscoveryPrefix : given;
  const issue = prefixIssue(prefix);
  if (issue !== undefined) throw new ConfigError([`home_assistant: ${issue}`]);
  return prefix;
}

function readTls({ ca_file, cert_file, key_file }: TargetEntry): TargetPlan['tls'] {
  if ((cert_file === undefined) !== (key_file === undefined))
    throw new ConfigError(['--publish-cert and --publish-key (cert_file and key_file) must be set together']);
  const ca = ca_file === undefined ? {} : { ca: readText(ca_file) };
  const pair =
    cert_file === undefined || key_file === undefined ? {} : { cert: readText(cert_file), key: readText(key_file) };
  try {
    if (ca.ca !== undefined) new X509Certificate(ca.ca);
  } catch (cause) {
    throw new ConfigError([`${ca_file} is not a certificate in PEM`], { cause });
  }
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new ConfigError([`${cert_file} and ${key_file} are not a certificate and its key in PEM`], { cause });
  }
  return { ...ca, ...pair };
}

function readSecret(file: string): string {
  const text = readText(file).trim();
  if (text === '') throw new ConfigError([`${file} is empty`]);
  return text;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`], {
      cause,
    });
  }
}
