/** Settings of the broker. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { brokerConfigOf, brokerIssues } from '../../src/broker-config.ts';
import { issuesOf } from '../support/config-issues.ts';

const none = {
  ...{ natsUrls: [], natsGroup: 'default', natsCredsFile: undefined, natsNkeyFile: undefined, poolWorkers: 2 },
  ...{ natsTlsCaFile: undefined, natsTlsCertFile: undefined, natsTlsKeyFile: undefined },
};

test('addresses, passwords and tokens', async (t) => {
  t.equal(brokerConfigOf(none), undefined);
  const of = (...natsUrls: string[]) => brokerConfigOf({ ...none, natsUrls });
  t.match(of('nats://a:4222', 'nats://[::1]:4223'), {
    servers: ['a:4222', '[::1]:4223'],
    usesTls: false,
    group: 'default',
  });
  t.match(of('nats://user:p%40%25@a'), { servers: ['a'], user: 'user', password: 'p@%' });
  t.match(of('nats://token@a'), { user: 'token', password: undefined });
  t.match(of('tls://a'), { usesTls: true });
  t.match(brokerConfigOf({ ...none, natsUrls: ['nats://a'], natsTlsCaFile: '/ca' }), { usesTls: true });
});

test('settings that need each other, and files that cannot be read', async (t) => {
  const file = join(t.testdir(), 'file');
  writeFileSync(file, 'x');
  t.same(brokerIssues(none), []);
  t.same(brokerIssues({ ...none, natsCredsFile: file, natsTlsCaFile: file }), [
    'NATS_CREDS_FILE needs NATS_URL',
    'NATS_TLS_CA_FILE needs NATS_URL',
  ]);
  t.same(brokerIssues({ ...none, poolWorkers: 0 }), ['POOL_WORKERS 0 needs NATS_URL: nothing else can run frames']);
  const some = { ...none, natsUrls: ['nats://a'] };
  t.same(brokerIssues({ ...some, poolWorkers: 0 }), []);
  t.same(brokerIssues({ ...some, natsCredsFile: file, natsNkeyFile: file }), [
    'NATS_CREDS_FILE and NATS_NKEY_FILE exclude each other',
  ]);
  t.same(brokerIssues({ ...some, natsTlsCertFile: file }), [
    'NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE must be set together',
  ]);
  t.match(brokerIssues({ ...some, natsNkeyFile: '/nowhere/seed' }), [/^NATS_NKEY_FILE cannot be read: ENOENT/]);
});

test('addresses that are none are one line each, without their secrets', async (t) => {
  const addresses = [
    'http://a',
    'nats://user:secret%zz@a',
    'nats://secret%zz@a',
    'nats://user:secret%ff@a',
    'nats://u:secret@a/x',
    'nats://',
  ];
  const lines = issuesOf({ NATS_URL: addresses.join(', ') });
  t.equal(lines.length, 6);
  for (const line of lines)
    t.match(line, /^NATS_URL: invalid address ".*"; expected one such as nats:\/\/10\.0\.0\.7:4222/);
  t.notMatch(lines.join('\n'), /secret/);
});
