/** What a tool returns is checked, and the error names the tool and says what is wrong. */
import fc from 'fast-check';
import { test } from 'tap';
import { FrameError } from '../../../src/errors.ts';
import { checkOutputs, eventTexts, jsonOf, maxEvents } from '../../../src/pipeline/tool-outputs.ts';

const check = (outputs: unknown) => checkOutputs('test.any', outputs);
const track = { track_id: 1, label: 'car', x: 0, y: 0, w: 1, h: 1, lost_ms: 0 };

test('outputs are copied, and nothing at all means no outputs', async (t) => {
  const outputs = { text: 'a', mine: [1], detections: [{ x: 1 }], tracks: [track], events: [{}], counts: {} };
  t.strictSame(check(outputs), outputs);
  t.not(check(outputs), outputs);
  for (const nothing of [undefined, null, {}, { events: undefined }]) t.same(check(nothing), nothing ?? {});
});

const wrong: readonly (readonly [outputs: unknown, reason: string])[] = [
  ...['text', 5, [1], () => 1, Promise.resolve()].map(
    (each) => [each, 'run() must return an object of outputs'] as const,
  ),
  [JSON.parse('{"__proto__":{"detections":5}}'), 'output "__proto__" is not possible'],
  [{ toJSON: () => 'x' }, 'output "toJSON" is not possible'],
  [{ detections: {} }, 'output "detections" is invalid: not a list'],
  [{ detections: [{}, null] }, 'output "detections" is invalid: element 1 is not an object'],
  // biome-ignore lint/suspicious/noSparseArray: a tool may return one.
  [{ detections: [, {}] }, 'output "detections" is invalid: element 0 is not an object'],
  [{ events: 'enter' }, 'output "events" is invalid: not a list'],
  [{ events: { length: 1 } }, 'output "events" is invalid: not a list'],
  [{ events: ['enter'] }, 'output "events" is invalid: element 0 is not an object'],
  [{ events: [Promise.resolve({})] }, 'output "events" is invalid: element 0 is not an object'],
  [{ events: Array(maxEvents + 1).fill({}) }, `output "events" is invalid: more than ${maxEvents} in one frame`],
  [{ counts: [1] }, 'output "counts" is invalid: not an object'],
  [
    { tracks: [{ ...track, track_id: '1' }] },
    'output "tracks" is invalid: element 0 is without a whole number as track_id',
  ],
  [
    { tracks: [{ ...track, track_id: 1.5 }] },
    'output "tracks" is invalid: element 0 is without a whole number as track_id',
  ],
  [{ tracks: [{ ...track, label: undefined }] }, 'output "tracks" is invalid: element 0 is without a text as label'],
  [
    { tracks: [track, { ...track, x: Number.NaN }] },
    'output "tracks" is invalid: element 1 is without a finite number as x',
  ],
  [
    { tracks: [{ ...track, lost_ms: undefined }] },
    'output "tracks" is invalid: element 0 is without a finite number as lost_ms',
  ],
];

test('what a tool cannot return is an error', async (t) => {
  for (const [outputs, reason] of wrong) t.throws(() => check(outputs), { message: `test.any: ${reason}` }, reason);
  const getter = Object.defineProperty({}, 'text', {
    enumerable: true,
    get: () => {
      throw new Error('not now');
    },
  });
  t.throws(() => check(getter), { message: 'not now' });
});

test('events become texts of objects', async (t) => {
  t.same(
    eventTexts('test.any', [
      { type: 'a', at_ms: 1 },
      { type: 'ü', at_ms: Number.NaN },
    ]),
    ['{"type":"a","at_ms":1}', '{"type":"ü","at_ms":null}'],
  );
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const event of [{ n: 10n }, cycle])
    t.throws(() => eventTexts('test.any', [{}, event]), {
      message: 'pipeline_failure: Event 1 of test.any is not JSON',
    });
  for (const event of [{ toJSON: () => 'enter' }, { toJSON: () => undefined }])
    t.throws(() => eventTexts('test.any', [event]), {
      message: 'pipeline_failure: Event 0 of test.any is not an object',
    });
});

test('property: outputs of any shape are a copy or an error, and so are their events', async () => {
  const anyOutputs = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const outputs = fc.oneof(anyOutputs, fc.record({ events: anyOutputs, detections: anyOutputs, tracks: anyOutputs }));
  fc.assert(
    fc.property(outputs, (each) => {
      try {
        const { events } = check(each);
        return eventTexts('test.any', events ?? []).every((text) => text.startsWith('{') && text.endsWith('}'));
      } catch (error) {
        return error instanceof FrameError
          ? /test\.any/.test(error.detail)
          : /^test\.any: /.test((error as Error).message);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a value that is not JSON is an error with the given detail; no value is null', async (t) => {
  t.equal(
    jsonOf(undefined, () => 'x'),
    'null',
  );
  t.throws(() => jsonOf(1n, () => 'Output n is not JSON'), { message: 'pipeline_failure: Output n is not JSON' });
});
