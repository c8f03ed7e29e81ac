/** Subjects of a group. */
import { test } from 'tap';
import { lastToken, Subjects } from '../../../src/broker/subjects.ts';

test('a group has its own subjects', async (t) => {
  const north = new Subjects('north');
  t.equal(north.run('h'), 'framegate.north.host.h.run');
  t.equal(north.hostStatus('h'), 'framegate.north.host.h.status');
  t.equal(north.gatewayStatus('g'), 'framegate.north.gateway.g.status');
  t.equal(north.everyHostStatus, 'framegate.north.host.*.status');
  t.equal(north.everyGatewayStatus, 'framegate.north.gateway.*.status');
  t.equal(north.reply('g', '1f'), 'framegate.north.reply.g.1f');
  t.equal(lastToken(north.reply('g', '1f')), '1f');
  t.equal(lastToken('one'), 'one');
});
