/** What bridges report reaches the targets of their cameras, and cameras are online while frames are answered. */
import { test } from 'tap';
import type { BridgeEvent } from '../../../../src/camera/bridge.ts';
import { EventReader } from '../../../../src/camera/publish/event-reader.ts';
import { Publisher } from '../../../../src/camera/publish/publisher.ts';
import type { Target } from '../../../../src/camera/publish/target.ts';

function recordingTarget(name: string, waiting = 0) {
  const calls: unknown[] = [];
  const target: Target = {
    ...{ name, state: 'connected', counts: { published: 0, waiting, lost: 0 } },
    publish: ({ camera, type }) => calls.push(['event', camera, type]),
    count: (camera, counts) => calls.push(['counts', camera, counts]),
    setOnline: (camera, isOnline) => calls.push([isOnline ? 'online' : 'offline', camera]),
    close: async (maxMs) => void calls.push(['close', maxMs]),
  };
  return { calls, target };
}

const events = (camera: string, type: string): BridgeEvent => ({
  type: 'events',
  events: new EventReader(camera).read({ events: [{ type }] }, 0).events,
});
const resultOf = (result: unknown) => ({ type: 'result', index: 0, roundTripMs: 1, result }) as unknown as BridgeEvent;

test('events and counts go to the targets of their camera', async (t) => {
  const [all, gate] = [recordingTarget('all'), recordingTarget('gate')];
  const publisher = new Publisher([
    { target: all.target, cameras: new Set(['gate', 'yard']) },
    { target: gate.target, cameras: new Set(['gate']) },
  ]);
  publisher.onBridgeEvent('gate', events('gate', 'a'));
  publisher.onBridgeEvent('yard', events('yard', 'b'));
  publisher.onBridgeEvent('yard', resultOf({ counts: { z: {} } }));
  for (const shape of [null, 5, {}, []]) publisher.onBridgeEvent('yard', resultOf(shape));
  publisher.onBridgeEvent('nobody', events('nobody', 'c'));
  t.strictSame(gate.calls, [['event', 'gate', 'a']]);
  t.strictSame(all.calls, [
    ['event', 'gate', 'a'],
    ['event', 'yard', 'b'],
    ['counts', 'yard', { z: {} }],
  ]);
});

test('a camera is online while its frames arrive and a gateway takes them', async (t) => {
  const { calls, target } = recordingTarget('all');
  const publisher = new Publisher([{ target, cameras: new Set(['gate']) }]);
  const steps: BridgeEvent[] = [
    { type: 'source', state: { state: 'opening' } },
    { type: 'source', state: { state: 'live', mode: 'copy', keepsRate: false } },
    { type: 'gateway', state: 'open', detail: '' },
    { type: 'gateway', state: 'lost', detail: 'x' },
    { type: 'gateway', state: 'open', detail: '' },
    { type: 'source', state: { state: 'waiting', detail: 'x', retryInMs: 1 } },
  ];
  for (const step of steps) publisher.onBridgeEvent('gate', step);
  t.strictSame(
    calls.map((call) => (call as string[])[0]),
    ['offline', 'offline', 'online', 'offline', 'online', 'offline'],
  );
  publisher.ended('gate');
  t.strictSame(calls.at(-1), ['offline', 'gate']);
});

test('closing waits for all targets, and says whether something was not delivered', async (t) => {
  const [done, late] = [recordingTarget('done'), recordingTarget('late', 3)];
  const routes = [done, late].map(({ target }) => ({ target, cameras: new Set<string>() }));
  t.equal(await new Publisher(routes).close(100), false);
  t.strictSame(late.calls, [['close', 100]]);
  t.equal(await new Publisher(routes.slice(0, 1)).close(100), true);
  t.equal(await new Publisher([]).close(100), true);
});
