/** GET /pipelines lists the zones of a pipeline, whatever tool they belong to. */
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';

const zones = [
  {
    name: 'yard',
    area: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
    dwell_ms: 5000,
  },
  {
    name: 'gate',
    line: [
      [0, 0.5],
      [1, 0.5],
    ],
    labels: ['car'],
  },
];

test('the zones of all nodes are listed in their order, and a pipeline without zones has no such key', async (t) => {
  const gateway = await startGateway({
    MODELS_DIR: makeModelsDir(t, {
      tools: { tracks: "outputs: ['tracks'],", spots: 'zones: ({ spots }) => spots,' },
      pipelines: [
        {
          id: 'scene',
          nodes: [
            testNode('find', 'tracks'),
            { id: 'watch', plugin_id: 'scene', tool_id: 'zones', params: { zones } },
            testNode('park', 'spots', {
              spots: [
                {
                  name: 'spot',
                  area: [
                    [0, 0],
                    [0.5, 0],
                    [0.5, 0.5],
                  ],
                },
              ],
            }),
          ],
        },
        { id: 'plain', nodes: [testNode('find', 'tracks')] },
      ],
    }),
    POOL_WORKERS: '1',
  });
  t.teardown(() => gateway.kill());
  const body = await (await fetch(`${gateway.httpUrl}/pipelines`)).json();
  const described = (id: string) => ({ id, name: `Pipeline ${id}`, description: 'Made for a test.', loaded: true });
  t.strictSame(body, {
    pipelines: [
      described('plain'),
      {
        ...described('scene'),
        zones: [
          ...zones,
          {
            name: 'spot',
            area: [
              [0, 0],
              [0.5, 0],
              [0.5, 0.5],
            ],
          },
        ],
      },
    ],
  });
});
