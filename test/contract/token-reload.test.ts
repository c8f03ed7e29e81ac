/** A reload reads the tokens again: a revoked one ends its sessions, a new one is accepted, and a bad file changes nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { tempFolder, tokenEntry, writeTokens } from '../support/tokens.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

test('tokens follow a reload', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const [kept, revoked, added] = ['kept', 'revoked', 'added'].map((name) => tokenEntry(name));
  if (kept === undefined || revoked === undefined || added === undefined) throw new Error('no tokens');
  writeTokens(file, kept.entry, revoked.entry);
  const gateway = await startGateway({ POOL_WORKERS: '1', AUTH_TOKENS_FILE: file });
  t.teardown(() => gateway.kill());
  const open = ({ token }: { token: string }) =>
    StreamClient.open(gateway.streamUrl('echo'), { Authorization: `Bearer ${token}` });
  const [staying, leaving] = [await open(kept), await open(revoked)];
  t.match(await leaving.sendUntilStarted(frame), { frame_index: 0 });

  writeFileSync(file, '{');
  gateway.signal('SIGHUP');
  await eventually(gateway.log, (log) => log.includes('"event":"reload_failed"'), 'a failed reload');
  t.match(await leaving.sendUntilStarted(frame), { result: { width: 64 } }, 'nothing has changed');

  writeTokens(file, kept.entry, added.entry);
  gateway.signal('SIGHUP');
  t.equal(await leaving.closed(), 3000);
  t.match(leaving.replies.at(-1), { error: 'unauthorized' });
  t.match(await staying.sendUntilStarted(frame), { frame_index: 0, result: { width: 64 } });
  t.match(await (await open(added)).sendUntilStarted(frame), { result: { width: 64 } });
  const late = await open(revoked);
  t.equal(await late.closed(), 3000);
  for (const { token } of [kept, revoked, added]) t.notOk(gateway.log().includes(token));
  t.match(gateway.log(), /"event":"stream_refused"[^\n]*"code":"unauthorized"/);
});

test('framegate reload needs a token with the scope admin, if the gateway has tokens', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const [admin, camera] = [tokenEntry('admin'), tokenEntry('camera', { scopes: ['stream'] })];
  writeTokens(file, admin.entry, camera.entry);
  const gateway = await startGateway({ POOL_WORKERS: '1', AUTH_TOKENS_FILE: file });
  t.teardown(() => gateway.kill());
  const reload = (FRAMEGATE_TOKEN: string) => runCli(['reload', '--url', gateway.httpUrl], { FRAMEGATE_TOKEN });
  t.match(await reload(camera.token), { code: 2, stderr: /one of scope admin/ });
  t.match(await reload(admin.token), { code: 0, stdout: 'reloaded: generation 2\n' });
});
