/** Targets from flags and from the `--sources` file: what applies to which, and one line per mistake, without a secret. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { type PublishFlags, type PublishingCamera, planTargets } from '../../../src/cli/camera-targets.ts';
import type { PublishSecrets } from '../../../src/config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { makeCertificate } from '../../support/certificate.ts';

const none: PublishSecrets = { mqttPassword: undefined, webhookSecret: undefined };
const camera = (publicName: string, publish?: PublishingCamera['publish']): PublishingCamera => ({
  publicName,
  publish,
});
const gate = [camera('gate')];

function issuesOf(cameras: readonly PublishingCamera[], flags: PublishFlags, environment = none): readonly string[] {
  try {
    planTargets(cameras, flags, environment);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.issues : [String(error)];
  }
}

function file(t: Test, text: string): string {
  const path = join(t.testdir(), 'file');
  writeFileSync(path, text);
  return path;
}

test('nothing is published without a target', async (t) => {
  t.strictSame(planTargets(gate, {}, none), []);
});

test('targets of the command line get every camera that has none of its own', async (t) => {
  const cameras = [
    camera('gate'),
    camera('yard', []),
    camera('lab', ['mqtt://lab', { url: 'https://h/x', secret_file: file(t, 'x'.repeat(16)) }]),
  ];
  const planned = planTargets(cameras, { publish: ['mqtt://a', 'https://h/y'] }, none);
  t.strictSame(
    planned.map(({ plan, cameras: names }) => [plan.shown, names]),
    [
      ['mqtt://a', ['gate']],
      ['https://h', ['gate']],
      ['mqtt://lab', ['lab']],
      ['https://h #2', ['lab']],
    ],
  );
  t.equal(planned[3]?.plan.secret, 'x'.repeat(16));
  t.equal(planned[1]?.plan.secret, undefined);
});

test('keys that a target has no use for are refused', async (t) => {
  const of = (entry: object) => issuesOf([camera('gate', [entry as { url: string }])], {});
  t.strictSame(of({ url: 'MQTT://h', secret_file: 'x', ca_file: 'y' }), [
    'gate: publish: mqtt://h has no use for secret_file',
    'gate: publish: mqtt://h has no use for ca_file',
  ]);
  t.strictSame(of({ url: 'https://h', password_file: 'x', home_assistant: true }), [
    'gate: publish: https://h has no use for password_file',
    'gate: publish: https://h has no use for home_assistant',
  ]);
});

test('cameras with the same target share it', async (t) => {
  const planned = planTargets([camera('gate', ['mqtt://a/x']), camera('yard', ['mqtt://a/x'])], {}, none);
  t.strictSame(
    planned.map(({ cameras }) => cameras),
    [['gate', 'yard']],
  );
  t.strictSame(
    issuesOf([camera('gate', ['mqtt://a']), camera('yard', [{ url: 'mqtt://a', home_assistant: true }])], {}),
    ['mqtt://a has different options for different cameras'],
  );
});

test('the password is for users of brokers, and the secret for webhooks', async (t) => {
  const environment = { mqttPassword: 'p', webhookSecret: 's'.repeat(16) };
  const urls = ['mqtts://cam@a', 'mqtt://b', 'https://h/x'];
  const plans = planTargets(gate, { publish: urls }, environment).map(({ plan }) => plan);
  t.strictSame(
    plans.map(({ password, secret }) => [password, secret]),
    [
      ['p', undefined],
      [undefined, undefined],
      [undefined, 's'.repeat(16)],
    ],
  );
  const passwordFile = file(t, ' from a file \n');
  const [own] = planTargets(gate, { publish: ['mqtts://cam@a'], mqttPasswordFile: passwordFile }, environment);
  t.equal(own?.plan.password, 'from a file');
  const [inAddress] = planTargets([camera('gate', ['mqtt://cam:a%23b@h'])], {}, environment);
  t.equal(inAddress?.plan.password, 'a#b');
});

test('a password goes to one broker only', async (t) => {
  const urls = ['mqtts://cam@a', 'mqtts://cam@b'];
  t.strictSame(issuesOf(gate, { publish: urls }), []);
  t.strictSame(issuesOf(gate, { publish: urls }, { ...none, mqttPassword: 'p' }), [
    'a and b would get the same password; give each a password_file in the --sources file',
  ]);
  const own = urls.map((url) => ({ url, password_file: file(t, 'p') }));
  t.strictSame(issuesOf([camera('gate', own)], {}, { ...none, mqttPassword: 'p' }), []);
});

test('certificates are read and checked', async (t) => {
  const folder = t.testdir();
  const { certFile, keyFile } = makeCertificate(folder, 'broker');
  const other = makeCertificate(folder, 'other');
  const publish = ['mqtts://a', 'https://h/'];
  const flags = { publish, publishCa: certFile, publishCert: certFile, publishKey: keyFile };
  for (const { plan } of planTargets(gate, flags, none))
    t.match(plan.tls, { ca: /BEGIN/, cert: /BEGIN/, key: /BEGIN/ });
  t.strictSame(planTargets(gate, { ...flags, publish: [...publish, 'mqtt://c'] }, none)[2]?.plan.tls, {});
  for (const [change, issue] of [
    [{ publishCa: keyFile }, /broker\.key is not a certificate in PEM/],
    [{ publishKey: other.keyFile }, /are not a certificate and its key in PEM/],
    [{ publishKey: undefined }, /must be set together/],
    [{ publishCa: join(folder, 'none.pem') }, /cannot read .*none\.pem: ENOENT/],
  ] as const)
    t.match(issuesOf(gate, { ...flags, ...change } as PublishFlags)[0], issue);
});

test('Home Assistant is for brokers, and its prefix is checked', async (t) => {
  const [broker, hook] = planTargets(gate, { publish: ['mqtt://a', 'https://h/'], homeAssistant: true }, none);
  t.strictSame([broker?.plan.discovery, hook?.plan.discovery], ['homeassistant', undefined]);
  const own = [
    camera('gate', [
      { url: 'mqtt://a', home_assistant: 'ha' },
      { url: 'mqtt://b', home_assistant: false },
    ]),
  ];
  t.strictSame(
    planTargets(own, {}, none).map(({ plan }) => plan.discovery),
    ['ha', undefined],
  );
  t.match(
    issuesOf([camera('gate', [{ url: 'mqtt://a', home_assistant: 'a/+' }])], {})[0],
    /^home_assistant: topic prefix/,
  );
});

for (const [what, flags, issue] of [
  ['an invalid address', { publish: ['nonsense'] }, '--publish: "nonsense" is not a valid address'],
  [
    'a password in an argument',
    { publish: ['mqtt://u:secret@h'] },
    /^--publish: mqtt:\/\/h: other users .* FRAMEGATE_MQTT/,
  ],
  ['the same address twice', { publish: ['mqtt://h', 'mqtt://h'] }, '--publish: the same address is given twice'],
  [
    'a password for no broker',
    { mqttPasswordFile: 'x' },
    '--mqtt-password-file needs an MQTT target; add one with --publish',
  ],
  ['a password for no user', { publish: ['mqtt://h'], mqttPasswordFile: 'x' }, /needs a user in the address/],
  [
    'a secret for no webhook',
    { publish: ['mqtt://h'], webhookSecretFile: 'x' },
    /--webhook-secret-file needs a webhook/,
  ],
  ['Home Assistant without a broker', { homeAssistant: true }, /--home-assistant needs an MQTT target/],
  ['an authority without TLS', { publish: ['mqtt://h'], publishCa: 'x' }, /--publish-ca needs an mqtts/],
  ['a missing file', { publish: ['https://h'], webhookSecretFile: '/none' }, /^cannot read \/none: ENOENT/],
  ['a directory', { publish: ['https://h'], webhookSecretFile: '/' }, /^cannot read \/: EISDIR/],
  ['too many targets', { publish: Array.from({ length: 17 }, (_, n) => `mqtt://h${n}`) }, /^too many targets: 17/],
] as const) {
  test(`${what} is one line`, async (t) => {
    const issues = issuesOf(gate, flags);
    t.equal(issues.length, 1, issues.join('\n'));
    t.match(issues[0], issue);
    t.notMatch(issues[0], 'secret@');
  });
}

test('a short or empty secret is refused', async (t) => {
  t.match(issuesOf(gate, { publish: ['https://h'] }, { ...none, webhookSecret: 'short' }), [/at least 16 characters/]);
  t.match(issuesOf(gate, { publish: ['https://h'], webhookSecretFile: file(t, '\n') }), [/file is empty/]);
});

test('cameras that publish to the same target need different names', async (t) => {
  t.match(issuesOf([camera('a'), camera('a')], { publish: ['mqtt://h'] }), [
    'duplicate camera name "a"; set a unique "name" for each camera',
  ]);
  t.match(issuesOf([camera('a', ['mqtt://h', 'mqtt://h'])], {})[0], 'a: publish: the same address is given twice');
  t.strictSame(issuesOf([camera('a'), camera('a')], {}), []);
});
