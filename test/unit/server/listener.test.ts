/** Listeners side by side: each counts its own sockets, and stops listening before it cuts connections. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'tap';
import { Listener } from '../../../src/server/listener.ts';
import { loadUws, type TemplatedApp } from '../../../src/server/uws.ts';
import { silentLog } from '../../support/silent-log.ts';

const host = '127.0.0.1';
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const parts = {
  ...{
    max: 10,
    whenFull: { event: 'descriptors_exhausted', message: 'full' } as const,
    makeRoom: () => undefined,
    log: silentLog,
    tls: undefined,
  },
  register: (app: TemplatedApp) => void app.any('/*', (response) => void response.end('here')),
};

/** Connects and gets one response. */
async function connectTo(port: number) {
  const socket = connect(port, host);
  socket.write(request);
  await once(socket, 'data');
  return socket;
}

async function listenerOf() {
  const listener = new Listener(await loadUws(4096), parts);
  return { listener, port: (await listener.listen({ host, port: 0 })).port };
}

test('two listeners have their own ports and counts, and end separately', async (t) => {
  const [first, second] = [await listenerOf(), await listenerOf()];
  t.not(first.port, second.port);
  const socket = await connectTo(first.port);
  t.strictSame([first.listener.connections.open, second.listener.connections.open], [1, 0]);
  first.listener.stopListening();
  await t.rejects(connectTo(first.port), { code: 'ECONNREFUSED' });
  socket.write(request);
  t.match(String((await once(socket, 'data'))[0]), /here$/, 'the open connection still works');
  const closed = once(socket, 'close');
  first.listener.close();
  await closed;
  t.equal(first.listener.connections.open, 0);
  (await connectTo(second.port)).destroy();
  second.listener.close();
  await t.rejects(connectTo(second.port), { code: 'ECONNREFUSED' });
});

test('a port in use is refused, and the listener can be closed', async (t) => {
  const { listener, port } = await listenerOf();
  const other = new Listener(await loadUws(4096), parts);
  await t.rejects(other.listen({ host, port }), { message: `cannot listen on ${host}:${port}; port already in use` });
  other.close();
  (await connectTo(port)).destroy();
  listener.close();
});
