/** Single frames of one address share a pool session, which is closed when the address becomes idle. */
import { test } from 'tap';
import { AddressSessions } from '../../../src/session/address-sessions.ts';

function fixture() {
  const open = new Set<string>();
  const addresses = new AddressSessions({
    openSession: (id) => void open.add(id),
    closeSession: (id) => void open.delete(id),
  });
  return { open, addresses };
}

const always = () => true;

test('requests of one address share a session, those of different addresses do not', async (t) => {
  const { open, addresses } = fixture();
  const first = addresses.enter('10.0.0.1', 0, always);
  t.equal(addresses.enter('10.0.0.1', 5, always), first);
  t.not(addresses.enter('10.0.0.2', 6, always), first);
  t.equal(open.size, 2);
  t.equal(addresses.size, 2);
});

test('a new address needs room, a known one does not', async (t) => {
  const { open, addresses } = fixture();
  t.equal(
    addresses.enter('10.0.0.1', 0, () => false),
    undefined,
  );
  t.equal(open.size, 0);
  addresses.enter('10.0.0.1', 0, always);
  t.type(
    addresses.enter('10.0.0.1', 1, () => false),
    'string',
  );
});

test('an address is removed after ten idle seconds, but not while it has a pending request', async (t) => {
  const { open, addresses } = fixture();
  addresses.enter('waiting', 20_000, always);
  addresses.enter('done', 20_000, always);
  addresses.leave('done');
  addresses.enter('other', 29_000, always);
  t.equal(open.size, 3);
  addresses.enter('other', 30_500, always);
  t.same([...open], ['http waiting', 'http other']);
  addresses.leave('waiting');
  addresses.leave('never came');
  addresses.enter('other', 41_000, always);
  t.same([...open], ['http other']);
});
