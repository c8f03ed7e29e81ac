/** One connection to a broker that is hostile, old, or not a broker at all: it always ends, with a reason, and nothing is thrown. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { type MqttConnection, type MqttVersion, openMqtt } from '../../../../src/camera/publish/mqtt-connection.ts';
import { freePort } from '../../../support/free-port.ts';

const connack5 = Buffer.from([0x20, 3, 0, 0, 0]);
const connack4 = Buffer.from([0x20, 2, 0, 0]);

interface Opened {
  readonly connection: Promise<MqttConnection>;
  readonly closed: Promise<{ detail: string | undefined; isOldBroker: boolean }>;
  readonly destroy: (detail: string) => void;
}

function open(port: number, version: MqttVersion = 5): Opened {
  const connection = Promise.withResolvers<MqttConnection>();
  const closed = Promise.withResolvers<{ detail: string | undefined; isOldBroker: boolean }>();
  const destroy = openMqtt(
    {
      ...{
        host: '127.0.0.1',
        port,
        usesTls: false,
        tls: {},
        clientId: 'framegate-test',
        user: 'cam',
        password: 'secret',
      },
      willTopic: 'framegate/bridge/1/availability',
    },
    version,
    { onOpen: connection.resolve, onClose: (detail, isOldBroker) => closed.resolve({ detail, isOldBroker }) },
  );
  return { connection: connection.promise, closed: closed.promise, destroy };
}

/** Listens until the test ends; `play` gets each connection with its first packet. */
async function broker(t: Test, play: (socket: Socket, packet: Buffer) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (packet) => play(socket, packet));
    t.teardown(() => socket.destroy());
  });
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('the first packet has the will, the user and the password', async (t) => {
  const packets: Buffer[] = [];
  const port = await broker(t, (socket, packet) => {
    packets.push(packet);
    socket.write(connack5);
  });
  const { connection, destroy, closed } = open(port);
  t.equal((await connection).window, 16);
  for (const text of ['framegate-test', 'framegate/bridge/1/availability', 'offline', 'cam', 'secret'])
    t.ok(packets[0]?.includes(text), text);
  destroy('stopped');
  t.strictSame(await closed, { detail: 'stopped', isOldBroker: false });
});

test('limits of the broker are respected', async (t) => {
  // Receive Maximum 3, Maximum Packet Size 100.
  const port = await broker(t, (socket) =>
    socket.write(Buffer.from([0x20, 11, 0, 0, 8, 0x21, 0, 3, 0x27, 0, 0, 0, 100])),
  );
  const { connection, destroy } = open(port);
  const opened = await connection;
  t.equal(opened.window, 3);
  const outcome = await new Promise((resolve) =>
    opened.publish({ topic: 'a', payload: 'x'.repeat(100), retain: false }, resolve),
  );
  t.strictSame(outcome, { refused: 'larger than the 100 bytes that the broker takes' });
  destroy('stopped');
});

for (const [what, reply, version, expected] of [
  ['MQTT 3.1.1 only, in its own form', [0x20, 2, 0, 1], 5, { isOldBroker: true }],
  ['MQTT 3.1.1 only, in the form of MQTT 5', [0x20, 3, 0, 0x84, 0], 5, { isOldBroker: true }],
  ['no version at all', [0x20, 2, 0, 1], 4, { isOldBroker: false, detail: /Unacceptable protocol version/ }],
  ['wrong password', [0x20, 3, 0, 0x86, 0], 5, { detail: 'the broker says: Bad User Name or Password' }],
  ['unknown reason', [0x20, 3, 0, 0xfa, 0], 5, { detail: 'the broker gives the reason 250' }],
  ['ended with a reason', [...connack5, 0xe0, 1, 0x8e], 5, { detail: 'the broker says: Session taken over' }],
  ['ended without one', [...connack5, 0xe0, 0], 5, { detail: /^the broker/ }],
  ['a second CONNACK', [...connack5, ...connack5], 5, { detail: /duplicate CONNACK|Protocol Error/ }],
] as const) {
  test(`a broker that answers: ${what}`, async (t) => {
    const port = await broker(t, (socket) => socket.write(Buffer.from(reply)));
    t.match(await open(port, version).closed, expected);
  });
}

test('something that is no broker', async (t) => {
  const port = await broker(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const { detail } = await open(port).closed;
  t.ok(detail === undefined || /header|packet|Invalid|broker/i.test(detail));
  t.match(await open(await freePort()).closed, { detail: /ECONNREFUSED/ });
});

test('a broker that sends without end is left', async (t) => {
  const publish = Buffer.concat([Buffer.from([0x30, 0x84, 0x80, 0x04, 0, 1, 0x61, 0]), Buffer.alloc(65_536)]);
  const port = await broker(t, (socket) => {
    socket.write(connack5);
    const timer = setInterval(() => socket.write(publish), 1);
    socket.once('close', () => clearInterval(timer));
  });
  t.match(await open(port).closed, { detail: /^the broker sends/ });
});

test('a broker that announces a packet of 256 MB and dribbles it is left', async (t) => {
  const port = await broker(t, (socket) => {
    socket.write(Buffer.concat([connack5, Buffer.from([0x40, 0xff, 0xff, 0xff, 0x7f])]));
    const timer = setInterval(() => socket.write(Buffer.alloc(8192)), 1);
    socket.once('close', () => clearInterval(timer));
  });
  t.match(await open(port).closed, { detail: 'the broker sends a packet that is too large' });
});

test('a broker that acknowledges without end is left', async (t) => {
  const port = await broker(t, (socket) => {
    socket.write(connack5);
    const timer = setInterval(() => socket.write(Buffer.alloc(4096, Buffer.from([0x40, 2, 0, 1]))), 1);
    socket.once('close', () => clearInterval(timer));
  });
  t.match(await open(port).closed, { detail: 'the broker sends more than it was asked for' });
});

test('acknowledgments that belong to nothing, or twice, count for nothing', async (t) => {
  const port = await broker(t, (socket) => {
    socket.write(Buffer.concat([connack4, Buffer.from([0x40, 2, 0, 9, 0xd0, 0])]));
    socket.on('data', (packet) => {
      if (packet[0] !== 0x32) return;
      const id = packet.subarray(packet.length - 3, packet.length - 1);
      const ack = Buffer.concat([Buffer.from([0x40, 2]), id]);
      socket.write(Buffer.concat([ack, ack]));
    });
  });
  const { connection, destroy } = open(port, 4);
  let answers = 0;
  const opened = await connection;
  const outcome = await new Promise((resolve) =>
    opened.publish({ topic: 'a', payload: 'x', retain: false }, (one) => {
      answers += 1;
      resolve(one);
    }),
  );
  t.equal(outcome, 'acknowledged');
  t.equal(answers, 1);
  destroy('stopped');
});

test('whatever a broker sends, the connection ends with a reason or stays, and nothing is thrown', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  const packet = fc
    .tuple(fc.oneof(fc.constantFrom(0x20, 0x40, 0xd0, 0xe0), fc.integer({ min: 0, max: 255 })), bytes)
    .map(([type, body]) => Buffer.from([type, body.length, ...body]));
  const reply = fc.tuple(fc.boolean(), fc.array(fc.oneof(packet, bytes.map(Buffer.from)), { maxLength: 6 }));
  let next = Buffer.alloc(0);
  const port = await broker(t, (socket) => socket.end(next));
  await fc.assert(
    fc.asyncProperty(reply, fc.constantFrom(4, 5), async ([isAccepted, packets], version) => {
      next = Buffer.concat([isAccepted ? (version === 5 ? connack5 : connack4) : Buffer.alloc(0), ...packets]);
      const { closed, connection } = open(port, version as MqttVersion);
      void connection.then((opened) => opened.publish({ topic: 'a', payload: 'x', retain: true }, () => undefined));
      const { detail } = await closed;
      t.ok(detail === undefined || detail.length > 0);
    }),
    { numRuns: 300 },
  );
});
