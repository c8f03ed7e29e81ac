/** A host as a service of the broker. */
import { test } from 'tap';
import { registerService } from '../../../src/host/service.ts';
import { FakeBroker } from '../../support/fake-channel.ts';
import { delivered, manualHost, ScriptedGateway, subjects } from '../../support/remote-pool.ts';

test('it answers for itself, for all hosts, and for all services; without a reply subject, not at all', async (t) => {
  const broker = new FakeBroker();
  const { host, channel, executor } = manualHost(t, broker, 'h1', 1);
  const identity = { id: 'h1', name: 'one', version: '0.0.1' };
  registerService({ channel, subjects, identity, group: 'default', host });
  const gate = new ScriptedGateway(broker, 'gate');
  gate.send('h1', 1);
  gate.send('h1', 2, { fingerprint: 'other' });
  await delivered();
  await executor.end(1);
  await delivered();
  const client = broker.connect();
  const answers: Record<string, unknown>[] = [];
  client.subscribe('_INBOX.1', ({ bytes }) => answers.push(JSON.parse(Buffer.from(bytes).toString('utf8'))));
  const before = broker.published.length;
  client.publish('$SRV.PING', '');
  await delivered();
  t.equal(broker.published.length, before + 1);
  for (const verb of ['PING', 'INFO', 'STATS'])
    for (const suffix of ['', '.framegate', '.framegate.h1'])
      client.publish(`$SRV.${verb}${suffix}`, '', { reply: '_INBOX.1' });
  client.publish('$SRV.PING.framegate.h2', '', { reply: '_INBOX.2' });
  await delivered();
  t.equal(answers.length, 9);
  for (const answer of answers)
    t.match(answer, {
      name: 'framegate',
      id: 'h1',
      metadata: { host: 'one', workers: '1', gateways: '1', pipelines: 'plates' },
    });
  const answered = (type: string) => answers.find((answer) => answer['type'] === `io.nats.micro.v1.${type}_response`);
  t.ok(answered('ping'));
  t.match(answered('info'), { endpoints: [{ subject: 'framegate.default.host.h1.run', metadata: { plates: 'f1' } }] });
  t.match(answered('stats'), {
    endpoints: [
      {
        num_requests: 2,
        num_errors: 1,
        last_error: 'frame refused',
        processing_time: Number,
        average_processing_time: Number,
      },
    ],
  });
});
