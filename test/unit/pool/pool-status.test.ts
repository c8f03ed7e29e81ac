/** The status of a pool with threads and hosts. */
import { test } from 'tap';
import { executorsStatus } from '../../../src/pool/pool-status.ts';
import { FakeBroker } from '../../support/fake-channel.ts';
import { ManualExecutor } from '../../support/manual-executor.ts';
import { delivered, remotePool, ScriptedHost } from '../../support/remote-pool.ts';

test('workers of hosts are counted with those of this process', async (t) => {
  t.match(executorsStatus([], 0), { size: 0, ready: 0, generation: 0, pipelines: [], hosts: [] });
  const broker = new FakeBroker();
  const { executors } = remotePool(t, broker, { local: [new ManualExecutor(2, 'plates')] });
  const host = new ScriptedHost(broker, 'h1');
  const models = [{ name: 'yolo', provider: 'cuda' }];
  host.report(4, {
    workers: { size: 8, ready: 4, busy: 3, timedOut: 1 },
    setups: [{ workers: 4, decoder: 'turbo', models }],
  });
  await delivered();
  const status = executorsStatus(executors, 2);
  t.match(status, { size: 10, ready: 6, busy: 3, timedOut: 1, generation: 1, pipelines: ['plates'] });
  t.match(status.hosts, [{ id: 'h1', workers: { size: 8, ready: 4, busy: 3 }, limit: 4, in_flight: 0 }]);
  t.match(status.hosts, [{ setups: [{ workers: 4, decoder: 'turbo', models }] }]);
  t.same(status.reports, [], 'setups of hosts are not those of this process');
});
