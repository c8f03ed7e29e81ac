/** One decision for every request, and the same again for an open session after its tokens were replaced. */
import { test } from 'tap';
import { Authorizer, Tokens } from '../../../src/auth/authorize.ts';
import { OriginRules } from '../../../src/auth/origin.ts';
import { TokenSet } from '../../../src/auth/tokens.ts';
import { SessionPermits, streamNeed } from '../../../src/server/session-permits.ts';
import { TokenUses } from '../../../src/session/token-uses.ts';
import { tokenEntry } from '../../support/tokens.ts';

const rules = new OriginRules([], [], '127.0.0.1');
const plain = { host: '127.0.0.1', origin: '', authorization: '', subprotocols: '', queryToken: '' };

test('without tokens everything is open, except for pages of other sites', async (t) => {
  const open = new Authorizer({ rules, tokens: undefined, jwts: undefined });
  t.notOk(open.needsToken);
  t.strictSame(open.authorize(plain, { scope: 'admin' }), { allowed: true, permit: undefined });
  t.match(open.authorize({ ...plain, origin: 'https://evil.example' }, { scope: 'any' }), {
    code: 'forbidden',
    detail: 'Origin https://evil.example is not allowed; see ALLOWED_ORIGINS',
  });
  t.match(open.checkHost({ host: 'evil.example', origin: '' }), { code: 'forbidden', detail: /see ALLOWED_HOSTS$/ });
});

test('where a token is optional, a given one must be valid', async (t) => {
  const { token, entry } = tokenEntry('gate', { scopes: ['frames'] });
  const authorizer = new Authorizer({ rules, tokens: new Tokens(new TokenSet([entry])), jwts: undefined });
  t.match(authorizer.authorize(plain, { scope: 'none' }), { allowed: true, permit: undefined });
  t.match(authorizer.authorize({ ...plain, queryToken: 'x' }, { scope: 'none' }), { code: 'unauthorized' });
  t.match(authorizer.authorize({ ...plain, queryToken: token }, { scope: 'none' }), {
    permit: { grant: { name: 'gate' } },
  });
  t.match(authorizer.authorize({ ...plain, queryToken: token }, { scope: 'any' }), { allowed: true });
});

test('keys that cannot be fetched are a temporary refusal', async (t) => {
  const jwts = { verify: async () => ({ type: 'unavailable' as const }) };
  const authorizer = new Authorizer({ rules, tokens: undefined, jwts });
  const jwt = 'eyJhbGciOiJFUzI1NiJ9.e30.x';
  t.match(await authorizer.authorize({ ...plain, queryToken: jwt }, { scope: 'any' }), { code: 'server_busy' });
});

test('a session ends when its token is gone, has expired, or permits less; new limits apply', async (t) => {
  const { token, entry } = tokenEntry('gate');
  const tokens = new Tokens(new TokenSet([entry]));
  const authorizer = new Authorizer({ rules, tokens, jwts: undefined });
  const decision = authorizer.authorize({ ...plain, queryToken: token }, streamNeed('plates'));
  if (decision instanceof Promise || !decision.allowed || decision.permit === undefined) throw new Error('not allowed');
  const uses = new TokenUses();
  const permits = new SessionPermits<Parameters<SessionPermits['add']>[0]>(authorizer, uses);
  const ends: string[] = [];
  const source = { sessionId: '1', camera: undefined, pipelineId: 'plates', address: '' };
  const session = { source, endWith: (code: string, detail = '') => void ends.push(`${code}: ${detail}`) };
  const use = uses.of(decision.permit.grant, 0);
  permits.add(session as never, decision.permit);
  const endsAfter = (...entries: (typeof entry)[]) => {
    tokens.replace(new TokenSet(entries));
    permits.endUnauthorized(0);
    return ends.splice(0);
  };
  t.strictSame(endsAfter(entry), []);
  use.sessions = 1;
  t.strictSame(endsAfter({ ...entry, max_sessions: 1 }), []);
  t.notOk(use.hasRoomForSession);
  t.strictSame(endsAfter({ ...entry, scopes: ['frames'] }), ['forbidden: The token gate has no scope "stream"']);
  t.match(endsAfter({ ...entry, pipelines: ['pages'] }), [/^forbidden: .* does not cover this pipeline$/]);
  t.strictSame(endsAfter({ ...entry, expires: '2020-01-01T00:00:00Z' }), ['unauthorized: The token has expired']);
  t.strictSame(endsAfter(), ['unauthorized: The token was revoked']);
  permits.delete(session as never);
  t.strictSame(endsAfter(), []);
});
