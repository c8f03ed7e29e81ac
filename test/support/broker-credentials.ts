/** Keys and credentials of a NATS broker. Tests only. */
import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  type Permissions,
} from '@nats-io/jwt';

/** Without limits, an account has no connections. */
const unlimited = { conn: -1, leaf: -1, subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true };

/** @returns the public key, for the broker, and the seed, for the file of a client. */
export function makeNkey(): { readonly publicKey: string; readonly seed: string } {
  const user = createUser();
  return { publicKey: user.getPublicKey(), seed: Buffer.from(user.getSeed()).toString('utf8') };
}

export interface BrokerAccount {
  /** Part of the broker's configuration. */
  readonly config: string;
  /** @returns the text of a credentials file. @param expiresInS from now on; undefined for never. */
  credentials(name: string, permissions: Permissions, expiresInS?: number): Promise<string>;
}

/** An operator with one account, whose users need nothing in the broker's configuration. */
export async function makeAccount(): Promise<BrokerAccount> {
  const [operator, account] = [createOperator(), createAccount()];
  const accountJwt = await encodeAccount('cameras', account, { limits: unlimited }, { signer: operator });
  return {
    config: [
      `operator: ${await encodeOperator('test', operator)}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join('\n'),
    async credentials(name, permissions, expiresInS) {
      const user = createUser();
      const valid = expiresInS === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + expiresInS };
      const jwt = await encodeUser(name, user, account, permissions, valid);
      return Buffer.from(fmtCreds(jwt, user)).toString('utf8');
    },
  };
}
