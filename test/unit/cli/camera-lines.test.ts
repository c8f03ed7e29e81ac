/** JSON lines of events and targets. */
import { PassThrough } from 'node:stream';
import { test } from 'tap';
import { EventReader } from '../../../src/camera/publish/event-reader.ts';
import { CameraLines } from '../../../src/cli/camera-lines.ts';

function linesOf(eventsOnly: boolean) {
  const out = new PassThrough();
  const warnings: string[] = [];
  const output = new CameraLines(out, eventsOnly, (line) => warnings.push(line));
  const printed = () => {
    const text = String(out.read() ?? '');
    return text === ''
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
  };
  return { output, warnings, printed };
}

const result = { width: 8, height: 8, timings_ms: {} };
const events = new EventReader('public', () => 'id').read(
  { events_lost: 2, events: [{ type: 'a', at_ms: 1 }] },
  0,
).events;

test('frames are printed, and with eventsOnly their events instead', async (t) => {
  for (const [eventsOnly, lines] of [
    [
      false,
      [
        { source: 'gate', frame_index: 3, result, round_trip_ms: 1.2 },
        { source: 'gate', frame_index: 4, dropped: true },
      ],
    ],
    [true, [{ source: 'gate', event: { id: 'id', camera: 'public', type: 'a', at_ms: 1, lost_before: 2 } }]],
  ] as const) {
    const { output, printed } = linesOf(eventsOnly);
    output.event('gate', { type: 'result', index: 3, result, roundTripMs: 1.234 });
    output.event('gate', { type: 'events', events });
    output.event('gate', { type: 'dropped', index: 4 });
    t.strictSame(printed(), lines);
  }
});

test('lost events and targets are printed and said', async (t) => {
  const { output, warnings, printed } = linesOf(true);
  output.event('gate', { type: 'events_lost', detail: '2 events were lost: x' });
  output.target('mqtt://h', { type: 'connected' });
  output.target('mqtt://h', { type: 'away', detail: 'refused; events wait' });
  output.targetEnded({ name: 'mqtt://h', counts: { published: 5, waiting: 1, lost: 2 } });
  output.targetEnded({ name: 'https://h', counts: { published: 5, waiting: 0, lost: 0 } });
  t.strictSame(printed(), [
    { source: 'gate', events_lost: '2 events were lost: x' },
    { target: 'mqtt://h', state: 'connected' },
    { target: 'mqtt://h', state: 'away', detail: 'refused; events wait' },
    { target: 'mqtt://h', state: 'ended', published: 5, undelivered: 1, lost: 2 },
    { target: 'https://h', state: 'ended', published: 5, undelivered: 0, lost: 0 },
  ]);
  t.strictSame(warnings, [
    'gate: 2 events were lost: x',
    'mqtt://h: refused; events wait',
    'mqtt://h: events: 5 published, 1 not delivered, 2 lost',
  ]);
});
