/** Cameras that have no session, since their connection is refused: counted, bounded, and forgotten when they connect. */
import { test } from 'tap';
import { Observers, type Refusal } from '../../../src/observe/observer.ts';
import { RefusedCameras } from '../../../src/session/refused-cameras.ts';

const refusal: Refusal = {
  ...{ endpoint: 'stream', address: '192.0.2.1', camera: 'gate', pipelineId: 'plats' },
  ...{ code: 'invalid_pipeline', detail: 'Unknown pipeline_id: plats' },
};

function observed() {
  const observers = new Observers();
  const refused = new RefusedCameras(observers);
  const refuse = (changes: Partial<Refusal> = {}) => observers.emit('refused', { ...refusal, ...changes });
  return { observers, refuse, list: (laterMs = 0) => refused.list(performance.now() + laterMs) };
}

test('a camera that is refused again and again has one entry, with the number and the reason', async (t) => {
  const { refuse, list } = observed();
  refuse();
  t.match(list(), [{ times: 1, problem: { text: /^Its connection was refused once, the last time 0 s ago: / } }]);
  refuse();
  refuse({ camera: 'yard', code: 'unauthorized', detail: 'Unknown token' });
  t.match(list(4000), [
    { camera: 'yard', code: 'unauthorized', times: 1 },
    {
      ...{ camera: 'gate', address: '192.0.2.1', pipeline: 'plats', code: 'invalid_pipeline', times: 2 },
      problem: {
        ...{ code: 'refused', side: 'camera' },
        text: 'Its connection was refused 2 times, the last time 4 s ago: Unknown pipeline_id: plats.',
      },
    },
  ]);
});

test('a full gateway is not the camera’s problem', async (t) => {
  const { refuse, list } = observed();
  refuse({ code: 'server_busy', detail: 'Too many sessions' });
  t.match(list(), [{ problem: { code: 'gateway_busy', side: 'gateway' } }]);
  refuse({ code: 'too_many_requests', detail: 'Too many connections and frames from this address' });
  t.match(list(), [{ times: 2, problem: { code: 'too_many_frames', side: 'camera' } }]);
});

test('it is forgotten once it connects, and after ten minutes', async (t) => {
  const { observers, refuse, list } = observed();
  refuse();
  refuse({ camera: 'yard' });
  observers.emit('sessionOpened', { sessionId: 's1', camera: 'gate', pipelineId: 'plates', address: '192.0.2.1' });
  t.match(list(), [{ camera: 'yard' }]);
  t.equal(list().length, 1);
  t.strictSame(list(600_000), []);
});

test('other requests are not cameras, and what a peer sends is bounded', async (t) => {
  const { refuse, list } = observed();
  refuse({ endpoint: 'frames' });
  refuse({ endpoint: 'plain' });
  t.strictSame(list(), []);
  const { camera: _, pipelineId: __, ...nameless } = refusal;
  refuse({ ...nameless, camera: undefined, pipelineId: undefined });
  t.notOk('camera' in (list()[0] ?? {}) || 'pipeline' in (list()[0] ?? {}));
  for (let index = 0; index < 101; index++) refuse({ camera: `c${index}`, pipelineId: 'x'.repeat(9000) });
  t.equal(list().length, 100);
  t.equal(list()[0]?.pipeline?.length, 200);
});
