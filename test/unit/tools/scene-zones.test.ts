/** `scene.zones` in a pipeline: its params, what it draws, and the texts of its events. */
import { test } from 'tap';
import { sceneZones } from '../../../src/tools/scene-zones.ts';
import type { Ports, StatefulInstance, ToolContext } from '../../../src/tools/tool.ts';
import { initialZoneState, type ZoneState } from '../../../src/zones/zone-state.ts';
import { gate, track, yard } from '../../support/scene-player.ts';

const zones = [yard, gate];
const image = { width: 1000, height: 1000, channels: 3 as const, data: new Uint8Array(0) };
const clock = { sessionMs: 0, elapsedMs: undefined, unixMs: 7 };

async function run(params: object, inputs: Omit<Ports, 'image'>, state: ZoneState = initialZoneState) {
  const tool = await sceneZones.create(sceneZones.params.parse(params), {} as ToolContext);
  return (tool as StatefulInstance<ZoneState>).run({ image, ...inputs }, { state, clock });
}

test('the ground counts unless the center is chosen', async (t) => {
  const tracks = [track(1, 500, 190)];
  t.match((await run({ zones }, { tracks })).outputs, { events: [{ type: 'enter', zone: 'yard', at_ms: 7 }] });
  t.same((await run({ zones, anchor: 'center' }, { tracks })).outputs.events, []);
});

test('a frame without tracks has events and counts, too', async (t) => {
  const { outputs, state } = await run({ zones }, {});
  t.strictSame(outputs, {
    events: [],
    counts: { yard: { inside: {}, enter: {}, leave: {}, dwell: {} }, gate: { in: {}, out: {} } },
  });
  t.strictSame(state, { objects: [], counts: [{}, {}] });
});

test('an event has the text of its object, if a detection in this frame has one', async (t) => {
  const box = { x: 0, y: 0, w: 1, h: 1, label: 'plate', score: 1 };
  const detections = [
    { ...box, text: 'nobody' },
    { ...box, track_id: 1, text: 'AB1', text_score: 0.9 },
    { ...box, track_id: 2, text: '' },
    { ...box, track_id: 3, text: 'CD2' },
  ];
  const tracks = [1, 2, 3, 4].map((id) => track(id, 500, 500));
  const { outputs } = await run({ zones: [yard] }, { tracks, detections });
  const common = { type: 'enter', zone: 'yard', label: 'car', at_ms: 7 };
  t.same(outputs.events, [
    { ...common, track_id: 1, text: 'AB1', text_score: 0.9 },
    { ...common, track_id: 2 },
    { ...common, track_id: 3, text: 'CD2' },
    { ...common, track_id: 4 },
  ]);
});

test('params are checked, and a client may draw the zones', async (t) => {
  t.notOk(sceneZones.params.safeParse({}).success, 'no zones');
  for (const wrong of [{ margin: -1 }, { anchor: 'top' }, { zone: [] }])
    t.notOk(sceneZones.params.safeParse({ zones, ...wrong }).success, JSON.stringify(wrong));
  t.same(sceneZones.zones?.(sceneZones.params.parse({ zones })), zones);
});
