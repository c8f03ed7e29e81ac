/** Token files: their format, changes to them, and finding a token. */
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { changeTokens } from '../../../src/auth/token-file.ts';
import { createToken, hashToken, loadTokens, readJson, TokenSet } from '../../../src/auth/tokens.ts';
import { ConfigError } from '../../../src/errors.ts';
import { tempFolder, tokenEntry, writeTokens } from '../../support/tokens.ts';

test('a token has 256 random bits, and only its hash is stored', async (t) => {
  const token = createToken();
  t.match(token, /^fg_[\w-]{43}$/);
  t.not(createToken(), token);
  t.match(hashToken(token), /^sha256:[0-9a-f]{64}$/);
});

test('a token is found by its digest, with what it permits', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const { token, entry } = tokenEntry('gate', {
    ...{ scopes: ['stream'], pipelines: ['plates'], max_fps: 5, max_sessions: 2, max_detections: 9 },
    expires: '2030-01-01T00:00:00Z',
  });
  writeTokens(file, tokenEntry('other').entry, entry);
  const set = loadTokens(file);
  t.equal(set.size, 2);
  t.same(set.find(TokenSet.digest(token)), {
    ...{ name: 'gate', scopes: new Set(['stream']), pipelines: new Set(['plates']) },
    ...{ maxFramesPerSecond: 5, maxSessions: 2, expiresAtMs: Date.UTC(2030, 0) },
    ...{ maxDetections: 9, maxTextLength: Number.POSITIVE_INFINITY },
  });
  t.equal(set.find(TokenSet.digest(`${token}x`)), undefined);
  t.equal(set.find(TokenSet.digest('')), undefined);
});

test('each issue of a file is one line that names it', async (t) => {
  const file = join(tempFolder(t), 'tokens.json');
  const { entry, token } = tokenEntry('gate');
  const issuesOf = (content: unknown) => {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    try {
      loadTokens(file);
    } catch (error) {
      if (error instanceof ConfigError) return error.issues;
    }
    return [];
  };
  t.match(issuesOf({ tokens: [{ ...entry, pipelines: undefined }] }), [
    /tokens: 0: pipelines: expected "all" or a list/,
  ]);
  t.match(issuesOf({ tokens: [{ ...entry, name: 'a b', hash: token }] }), [
    /name: expected letters/,
    /hash: expected sha256/,
  ]);
  t.match(issuesOf({ tokens: [{ ...entry, scopes: ['root'], max_fps: 0 }] }), [/scopes/, /max_fps/]);
  t.match(issuesOf({ tokens: [{ ...entry, expires: 'soon' }] }), [/expires: expected a time in UTC/]);
  t.match(issuesOf({ tokens: [entry, entry] }), [/gate is there twice/]);
  t.match(issuesOf({ tokens: [entry, { ...entry, name: 'other' }] }), [/sha256:\w+ is there twice/]);
  t.match(issuesOf(token), [/is not JSON$/]);
  t.notOk(issuesOf(token).join().includes(token));
  t.throws(() => readJson(file, 'token file', 1), /larger than 1 bytes/);
});

test('a change is atomic, and the file is for its owner only', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'tokens.json');
  const link = join(folder, 'link.json');
  const { entry } = tokenEntry('gate');
  changeTokens(file, () => [entry]);
  t.equal(statSync(file).mode & 0o777, 0o600);
  symlinkSync(file, link);
  changeTokens(link, (tokens) => [...tokens, tokenEntry('other').entry]);
  t.equal(loadTokens(file).size, 2, 'a link stays a link');
  const before = readFileSync(file, 'utf8');
  t.throws(() => changeTokens(file, () => [{ ...entry, name: 'a b' }]), ConfigError);
  t.equal(readFileSync(file, 'utf8'), before);
  writeFileSync(`${file}.new`, '');
  t.throws(() => changeTokens(file, () => []), /another command is changing the tokens/);
  t.equal(readFileSync(file, 'utf8'), before);
  t.throws(() => changeTokens(join(folder, 'missing', 'tokens.json'), () => []), /cannot create/);
});
