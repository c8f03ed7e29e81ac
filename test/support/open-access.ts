/** An authorizer without tokens, for tests of everything else. Tests only. */
import { Authorizer } from '../../src/auth/authorize.ts';
import { OriginRules } from '../../src/auth/origin.ts';

/** The fake requests' host. */
export const openAccess = new Authorizer({
  rules: new OriginRules([], ['gate'], ''),
  tokens: undefined,
  jwts: undefined,
});
