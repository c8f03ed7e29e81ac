/** Settings of authentication and origins. */
import { test } from 'tap';
import { loadConfig } from '../../src/config.ts';

test('settings of keys, origins and hosts are checked', async (t) => {
  const issuesOf = (env: Record<string, string>) => {
    try {
      loadConfig(env);
      return '';
    } catch (error) {
      return String(error instanceof Error ? error.message : error);
    }
  };
  t.match(issuesOf({ AUTH_JWKS_URL: 'http://id.example/keys' }), /^AUTH_JWKS_URL must be an https:\/\/ address/);
  t.match(issuesOf({ AUTH_JWKS_URL: 'https://user:pw@id.example' }), /^AUTH_JWKS_URL must be/);
  t.match(issuesOf({ AUTH_JWKS_URL: 'keys.json' }), /^AUTH_JWKS_URL must be/);
  t.equal(issuesOf({ AUTH_JWKS_URL: 'http://127.0.0.1:9000/keys' }), '');
  t.match(issuesOf({ AUTH_JWKS_URL: 'https://id.example', AUTH_JWKS_FILE: 'keys.json' }), /exclude each other/);
  t.match(issuesOf({ AUTH_JWT_ISSUER: 'https://id.example' }), /need AUTH_JWKS_FILE or AUTH_JWKS_URL/);
  t.match(issuesOf({ ALLOWED_ORIGINS: 'gate.example' }), /^ALLOWED_ORIGINS: invalid origin "gate.example"/);
  t.match(issuesOf({ ALLOWED_HOSTS: 'gate.example:8000' }), /^ALLOWED_HOSTS: invalid host "gate.example:8000"/);
  t.equal(issuesOf({ ALLOWED_HOSTS: 'gate.example, cameras', ALLOWED_ORIGINS: 'null, https://[::1]:1' }), '');
});
