/** A token limits the detections and the text of results, on the stream and over HTTP. */
import { join } from 'node:path';
import { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { tempFolder, tokenEntry, writeTokens } from '../support/tokens.ts';

const frame = encodeGradient(64, 48);
const readTool = `
  outputs: ['detections'],
  create: () => ({
    run: () => ({
      detections: ['AB12', 'CD34', 'EF56'].map((text, index) => ({ x: 0, y: 0, w: 1, h: 1, label: 'plate', score: 0.5 + index / 10, text })),
    }),
  }),`;

test('results tell no more than the token permits', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'plates', nodes: [testNode('n', 'read')] }],
    tools: { read: readTool },
  });
  const file = join(tempFolder(t), 'tokens.json');
  const limited = tokenEntry('limited', { max_detections: 2, max_text_length: 6 });
  const open = tokenEntry('open');
  writeTokens(file, limited.entry, open.entry);
  const gateway = await startGateway({ POOL_WORKERS: '1', MODELS_DIR: modelsDir, AUTH_TOKENS_FILE: file });
  t.teardown(() => gateway.kill());
  for (const [{ token }, texts] of [
    [limited, ['CD34', 'EF']],
    [open, ['AB12', 'CD34', 'EF56']],
  ] as const) {
    const headers = { Authorization: `Bearer ${token}` };
    const client = await StreamClient.open(gateway.streamUrl('plates'), headers);
    const streamed = await client.sendUntilStarted(frame);
    const url = `${gateway.httpUrl}/frames?pipeline_id=plates`;
    const posted = await (await fetch(url, { method: 'POST', headers, body: frame })).json();
    for (const reply of [streamed, posted as Record<string, unknown>]) {
      const { detections, limited: isLimited } = reply['result'] as { detections: { text: string }[]; limited?: true };
      t.strictSame(
        detections.map(({ text }) => text),
        texts,
      );
      t.equal(isLimited, texts.length < 3 ? true : undefined);
    }
    await client.close();
  }
});
