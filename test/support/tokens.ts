/** Token files and JWTs for tests. Tests only. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Test } from 'tap';
import { createToken, hashToken, type TokenEntry } from '../../src/auth/tokens.ts';

/** A folder that is removed after the test. */
export function tempFolder(t: Pick<Test, 'teardown'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-tokens-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An entry that permits everything, with its token. */
export function tokenEntry(
  name: string,
  changes: Partial<TokenEntry> = {},
): { readonly token: string; readonly entry: TokenEntry } {
  const token = createToken();
  const scopes: TokenEntry['scopes'] = ['stream', 'frames', 'admin'];
  return { token, entry: { name, hash: hashToken(token), scopes, pipelines: 'all', ...changes } };
}

/** Writes a token file with these entries. */
export function writeTokens(file: string, ...entries: readonly TokenEntry[]): void {
  writeFileSync(file, JSON.stringify({ tokens: entries }));
}

/** A key pair: its public key set, and a function that signs claims. */
export async function signer(kid = 'test', alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg }] };
  const sign = (claims: JWTPayload, expires: string | number = '1h') =>
    new SignJWT(claims)
      .setProtectedHeader({ alg, kid })
      .setSubject('camera 7')
      .setExpirationTime(expires)
      .sign(privateKey);
  return { jwks, sign };
}
