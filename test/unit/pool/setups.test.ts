/** Workers with the same setup are listed once. */
import { test } from 'tap';
import { setupsOf } from '../../../src/pool/setups.ts';

test('setups are counted, in the order of their first worker', async (t) => {
  const on = (provider: string) => ({ decoder: 'turbo', models: [{ name: 'yolo', provider }] });
  t.same(setupsOf([]), []);
  t.same(setupsOf([on('cuda'), on('cpu'), on('cuda')]), [
    { workers: 2, ...on('cuda') },
    { workers: 1, ...on('cpu') },
  ]);
});
