/** What a broker may send passes unchanged, however it is cut; everything else ends the stream. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { BrokerStream } from '../../../../src/camera/publish/broker-stream.ts';

async function streamOf(t: Test) {
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [peer] = (await once(server, 'connection')) as [Socket];
  const issues: string[] = [];
  const stream = new BrokerStream(socket, (reason) => {
    issues.push(reason);
    socket.destroy();
  });
  const received: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = once(stream, 'close');
  return { stream, peer, issues, closed, received: () => Buffer.concat(received) };
}

const packetOf = (type: number, length: number) => {
  const header = length < 128 ? [type << 4, length] : [type << 4, (length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 7)]);
};

test('answers pass unchanged, in whatever pieces they arrive', async (t) => {
  const packet = fc.tuple(fc.constantFrom(2, 4, 13, 14), fc.integer({ min: 0, max: 300 }));
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), async (packets, piece) => {
      const { peer, closed, received, issues } = await streamOf(t);
      const bytes = Buffer.concat(packets.map(([type, length]) => packetOf(type, length)));
      for (let at = 0; at < bytes.length; at += piece) peer.write(bytes.subarray(at, at + piece));
      peer.end();
      await closed;
      t.strictSame(issues, []);
      t.ok(received().equals(bytes));
    }),
    { numRuns: 30 },
  );
});

for (const [what, bytes, issue] of [
  ['a message', packetOf(3, 10), /type 3/],
  ['PUBREL', packetOf(6, 2), /type 6/],
  ['a request', packetOf(12, 0), /type 12/],
  ['a second packet of a wrong type', Buffer.concat([packetOf(2, 3), packetOf(15, 0)]), /type 15/],
  ['a long packet', packetOf(4, 9000), /too large/],
  ['a length that never ends', Buffer.from([0x40, 0x80, 0x80, 0x80, 0x80, 0x80]), /too large/],
] as const) {
  test(`${what} ends the stream, and does not pass`, async (t) => {
    const { peer, closed, received, issues } = await streamOf(t);
    peer.write(bytes);
    await closed;
    t.equal(issues.length, 1);
    t.match(issues[0], issue);
    t.equal(received().length, 0);
  });
}

test('what is written arrives, and the end too', async (t) => {
  const { stream, peer } = await streamOf(t);
  let text = '';
  peer.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  stream.write('a');
  stream.end('b');
  await once(peer, 'end');
  t.equal(text, 'ab');
  peer.destroy();
});

test('each request allows some more answers', async (t) => {
  const { stream, peer, issues, received } = await streamOf(t);
  const total = 80;
  for (let round = 0; round < total; round++) {
    stream.expectAnswer();
    peer.write(packetOf(4, 1000));
    while (received().length < (round + 1) * 1003) await once(stream, 'data');
  }
  t.strictSame(issues, []);
  peer.destroy();
});
