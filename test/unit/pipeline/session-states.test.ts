/** A session's state as text: what one worker wrote, another one reads, unless the tool has changed. */
import { test } from 'tap';
import { z } from 'zod';
import { FrameError } from '../../../src/errors.ts';
import { initialIssues, readStates, type StatefulNode, writeStates } from '../../../src/pipeline/session-states.ts';
import { maxStateBytes } from '../../../src/session-state.ts';
import { defineStatefulTool } from '../../../src/tools/tool.ts';

function node(id: string, schema: z.ZodType, initial: unknown, fingerprint = 'f1'): StatefulNode {
  const state = { schema, initial };
  const tool = defineStatefulTool({
    ...{
      pluginId: 'test',
      toolId: id,
      description: '',
      inputs: [],
      outputs: [],
      failureDetail: 'x',
      params: z.any(),
      state,
    },
    create: () => Promise.reject(new Error('not used')),
  });
  return { id, tool, params: {}, inputs: [], zones: [], state: { ...state, fingerprint } };
}

const count = node('count', z.object({ n: z.number() }), { n: 0 });
const names = node('names', z.array(z.string()), []);
const both = [count, names];

test('states survive their way', async (t) => {
  const text = writeStates(
    new Map<string, unknown>([
      ['count', { n: 3 }],
      ['names', ['Tür', '"', '🚗']],
    ]),
    both,
  );
  t.same(
    [...readStates(text, both)],
    [
      ['count', { n: 3 }],
      ['names', ['Tür', '"', '🚗']],
    ],
  );
});

test('a session begins with the initial states, each with its own copy', async (t) => {
  const first = readStates('', both);
  t.same(
    [...first],
    [
      ['count', { n: 0 }],
      ['names', []],
    ],
  );
  (first.get('names') as string[]).push('changed');
  t.same(readStates('', both).get('names'), []);
});

test('the state of a tool that has changed begins anew, the others stay', async (t) => {
  const text = writeStates(
    new Map<string, unknown>([
      ['count', { n: 3 }],
      ['names', ['a']],
    ]),
    both,
  );
  const changed = [node('count', z.object({ n: z.number() }), { n: 7 }, 'f2'), names, node('new', z.null(), null)];
  t.same(
    [...readStates(text, changed)],
    [
      ['count', { n: 7 }],
      ['names', ['a']],
      ['new', null],
    ],
  );
});

test('a text that no worker wrote is not used', async (t) => {
  for (const text of ['{', 'null', '[]', '3', '"x"', '{"count":null}', '{"count":[]}', '{"count":{"0":"f1"}}', '\0'])
    t.same(readStates(text, [count]).get('count'), { n: 0 }, text);
});

function failureOf(states: ReadonlyMap<string, unknown>, nodes: readonly StatefulNode[]): FrameError | undefined {
  try {
    writeStates(states, nodes);
  } catch (error) {
    return error instanceof FrameError ? error : undefined;
  }
  return undefined;
}

test('a state that is not what its schema describes fails, and the error names the tool', async (t) => {
  for (const state of [undefined, null, { n: 'x' }, { n: Number.NaN }, { n: Number.POSITIVE_INFINITY }, 5]) {
    const error = failureOf(new Map([['count', state]]), [count]);
    t.match(error, { code: 'pipeline_failure', detail: 'State of test.count is invalid' }, String(state));
  }
});

test('a state that is not JSON fails, whatever its schema allows', async (t) => {
  const any = node('any', z.any(), 0);
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const state of [undefined, () => 1, 10n, cycle, Symbol('x')]) {
    const error = failureOf(new Map([['any', state]]), [any]);
    t.match(error, { code: 'pipeline_failure', detail: 'State of test.any is invalid' });
  }
});

test('a state or a schema that throws fails, and the error names the tool', async (t) => {
  const refined = z.any().refine((value) => {
    if (value === 'throw') throw new Error('not this one');
    return value !== 'later' || Promise.resolve(true);
  });
  const any = node('any', refined, 0);
  const getter = Object.defineProperty({}, 'n', {
    enumerable: true,
    get: () => {
      throw new Error('not now');
    },
  });
  for (const state of ['throw', 'later', getter, { toJSON: () => 1n }])
    t.match(failureOf(new Map([['any', state]]), [any]), { detail: 'State of test.any is invalid' });
  t.match(failureOf(new Map([['count', getter]]), [count]), { detail: 'State of test.count is invalid' });
});

test('a state is kept as its schema returns it', async (t) => {
  const withDefault = node('d', z.object({ n: z.number().default(3) }), { n: 3 });
  const text = writeStates(new Map([['d', { junk: 1 }]]), [withDefault]);
  t.strictSame(readStates(text, [withDefault]).get('d'), { n: 3 });
});

test('initial states are checked together', async (t) => {
  t.same(initialIssues(both), []);
  const large = ['a', 'b'].map((id) => node(id, z.string(), 'x'.repeat(maxStateBytes / 2)));
  t.match(initialIssues(large), [/^initial state: State of test\.[ab] exceeds 64 KB$/]);
});

test('the limit applies to all tools together, and the error names the largest', async (t) => {
  const half = 'x'.repeat(maxStateBytes / 2);
  const fits = new Map<string, unknown>([
    ['count', { n: 1 }],
    ['names', [half]],
  ]);
  t.equal(failureOf(fits, both), undefined);
  const tooLarge = new Map<string, unknown>([
    ['count', { n: 1 }],
    ['names', [half, half]],
  ]);
  t.match(failureOf(tooLarge, both), { code: 'pipeline_failure', detail: 'State of test.names exceeds 64 KB' });
  const umlauts = new Map<string, unknown>([['names', ['ü'.repeat(maxStateBytes / 2)]]]);
  t.match(
    failureOf(umlauts, [names]),
    { detail: 'State of test.names exceeds 64 KB' },
    'its size is that of its UTF-8',
  );
});
