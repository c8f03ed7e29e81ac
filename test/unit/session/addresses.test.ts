/** Resources of one address: frame rate, connections, bytes being received; and removal of unused addresses. */
import { test } from 'tap';
import { Address, Addresses } from '../../../src/session/addresses.ts';

const limits = { maxSessionsPerAddress: 2, maxFramesPerSecond: 40, maxReceivingBytes: 1000, maxFrameBytes: 100 };

function framesAllowed(address: Address, nowMs: number): number {
  let taken = 0;
  while (address.takeFrame(nowMs)) taken += 1;
  return taken;
}

test('an address may send a quarter of a second’s frames at once, and more as time passes', async (t) => {
  const address = new Address('a', limits, 0);
  t.equal(framesAllowed(address, 0), 10);
  t.equal(framesAllowed(address, 125), 5);
  t.equal(framesAllowed(address, 60_000), 10, 'idle time saves at most a quarter of a second of frames');
});

test('a connection counts as several frames', async (t) => {
  const address = new Address('a', limits, 0);
  t.ok(address.takeConnect(0));
  t.ok(address.takeConnect(0));
  t.notOk(address.takeConnect(0));
  t.equal(framesAllowed(address, 0), 2);
});

test('of several sessions, only the one above its share is limited', async (t) => {
  const address = new Address('a', limits, 0);
  address.sessions = 2;
  t.notOk(address.isAboveShare(5));
  t.ok(address.isAboveShare(6));
});

test('an address has a session limit', async (t) => {
  const address = new Address('a', limits, 0);
  address.sessions = 1;
  t.ok(address.hasRoomForSession);
  address.sessions = 2;
  t.notOk(address.hasRoomForSession);
});

test('bytes being received are limited per address and in total', async (t) => {
  const addresses = new Addresses(limits);
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => addresses.enter(name, 0));
  const [a] = names as [Address];
  t.notOk(addresses.receive(a, 251), 'a quarter for one address');
  t.ok(addresses.receive(a, 250));
  t.notOk(addresses.canReceive(a, 1));
  for (const address of names.slice(1, 4)) t.ok(addresses.receive(address, 250));
  t.notOk(addresses.receive(names[4] as Address, 1), 'all of it is in use');
  addresses.release(a, 250);
  t.ok(addresses.receive(names[4] as Address, 200));
  t.equal(addresses.receivingBytes, 950);
});

test('an address may always send one frame of the maximum size', async (t) => {
  const addresses = new Addresses({ ...limits, maxFrameBytes: 900 });
  const a = addresses.enter('a', 0);
  t.ok(addresses.receive(a, 900));
  t.notOk(addresses.receive(a, 1));
});

test('an unreferenced address is removed once its full window is available again', async (t) => {
  const addresses = new Addresses(limits);
  const first = addresses.enter('a', 0);
  t.equal(addresses.enter('a', 0), first);
  framesAllowed(first, 0);
  addresses.leave(first);
  addresses.removeUnused(5000);
  t.equal(addresses.size, 1, 'it still has a reference');
  addresses.leave(first);
  addresses.removeUnused(249);
  t.equal(addresses.enter('a', 249), first, 'a new connection does not get a new window');
  addresses.leave(first);
  addresses.removeUnused(500);
  t.equal(addresses.size, 0);
});
