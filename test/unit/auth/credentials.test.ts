/** Where a token may be, and which subprotocol the reply names. */
import { test } from 'tap';
import { replySubprotocol, tokenOf } from '../../../src/auth/credentials.ts';

const none = { authorization: '', subprotocols: '', queryToken: '' };

test('the header counts before a subprotocol, and that before the query', async (t) => {
  const all = { authorization: 'bearer  a.b ', subprotocols: 'framegate, framegate.token.c', queryToken: 'd' };
  t.equal(tokenOf(all), 'a.b');
  t.equal(tokenOf({ ...all, authorization: 'Basic dXNlcjpwYXNz' }), 'c', 'a login of a proxy is not a token');
  t.equal(tokenOf({ ...all, authorization: '', subprotocols: 'framegate' }), 'd');
  t.equal(tokenOf(none), undefined);
});

test('the reply never names the token', async (t) => {
  t.equal(replySubprotocol('framegate.token.x, framegate'), 'framegate');
  t.equal(replySubprotocol('other, framegate'), 'framegate');
  t.equal(replySubprotocol('other,second'), 'other');
  t.equal(replySubprotocol('framegate.token.x'), '');
  t.equal(replySubprotocol(''), '');
});
