/** The peers that the gateway is compared with return the same detections and texts, and stop on SIGTERM. */
import { test } from 'tap';
import { compareResults, requestResults } from '../../bench/peers/compare.ts';
import { type RecognizerName, runGateway } from '../../bench/peers/gateway-results.ts';
import { missingFor, type PeerName, startPeer, streamPeers } from '../../bench/peers/start-peer.ts';
import { renderPlateScene } from '../support/samples/render-plate.ts';
import { encodeJpeg } from '../support/samples/render-text.ts';
import { StreamClient } from '../support/stream-client.ts';

/** With the gateway's own decoder, so the pixels are the same. */
const peers: readonly { readonly name: PeerName; readonly args: readonly string[] }[] = [
  { name: 'fastapi', args: [] },
  { name: 'litserve', args: ['--workers', '2'] },
  { name: 'ws-main-thread', args: ['--decoder', 'jpeg-turbo'] },
  { name: 'ws-piscina', args: ['--decoder', 'jpeg-turbo', '--threads', '1'] },
];
const recognizers: readonly RecognizerName[] = ['pp-ocrv4', 'plate-reader'];

const frames = ['KX777ZB', 'FK07LWE'].map((text, index) =>
  encodeJpeg(renderPlateScene({ width: 640, height: 480, text, plate: { x: 200, y: 280 + 20 * index, w: 180 } })),
);
const expected = new Map<RecognizerName, Awaited<ReturnType<typeof runGateway>>>();
for (const recognizer of recognizers) expected.set(recognizer, await runGateway(frames, recognizer));

for (const { name, args } of peers) {
  const missing = missingFor(name);
  const options = missing === undefined ? {} : { skip: missing };
  for (const recognizer of recognizers) {
    test(
      `${name} with ${recognizer} returns the same results as the gateway and exits with 0 on SIGTERM`,
      options,
      async (t) => {
        const peer = await startPeer(name, [...args, '--reader', recognizer]);
        t.teardown(() => peer.kill());
        const gatewayDetections = expected.get(recognizer) ?? [];
        t.ok(gatewayDetections.every((detections) => detections.length > 0));
        const { differences, sameText } = compareResults(gatewayDetections, await requestResults(peer.url, frames));
        t.strictSame(differences, []);
        t.equal(sameText, gatewayDetections.flat().length);
        t.equal(await peer.stop(), 0);
      },
    );
  }
}

for (const name of streamPeers) {
  const missing = missingFor(name);
  const options = missing === undefined ? {} : { skip: missing };
  test(`${name} returns the contract’s errors and keeps running`, options, async (t) => {
    const peer = await startPeer(name, []);
    t.teardown(() => peer.kill());
    const cases: readonly [url: string, message: string | Uint8Array | undefined, error: string, code: number][] = [
      [peer.url.replace('yolo_ocr', 'none'), undefined, 'invalid_pipeline', 1008],
      [peer.url, 'text', 'invalid_message', 1003],
      [peer.url, new Uint8Array(0), 'invalid_frame', 1007],
      [peer.url, (frames[0] as Uint8Array).subarray(0, 500), 'invalid_frame', 1007],
      [peer.url, new Uint8Array(6_000_000), 'frame_too_large', 1009],
    ];
    for (const [url, message, error, code] of cases) {
      const client = await StreamClient.open(url);
      if (message !== undefined) client.send(message);
      t.equal(await client.closed(), code, error);
      t.match(client.replies, [{ error }]);
    }
    const client = await StreamClient.open(peer.url);
    t.match(await client.sendUntilStarted(frames[0] as Uint8Array), { result: { width: 640, height: 480 } });
    await client.close();
  });
}

const missingLitServe = missingFor('litserve');
const options = missingLitServe === undefined ? {} : { skip: missingLitServe };
test('litserve returns the same errors as POST /frames of the gateway and keeps running', options, async (t) => {
  const peer = await startPeer('litserve', ['--workers', '1']);
  t.teardown(() => peer.kill());
  const cases: readonly [url: string, body: string | Uint8Array, error: string, status: number][] = [
    [peer.url.replace('yolo_ocr', 'none'), '', 'invalid_pipeline', 404],
    [peer.url.replace('=yolo_ocr', '='), '', 'invalid_pipeline', 400],
    [peer.url, new Uint8Array(0), 'invalid_frame', 400],
    [peer.url, (frames[0] as Uint8Array).subarray(0, 500), 'invalid_frame', 400],
    [peer.url, new Uint8Array(6_000_000), 'frame_too_large', 413],
  ];
  for (const [url, body, error, status] of cases) {
    const response = await fetch(url, { method: 'POST', body });
    t.equal(response.status, status, error);
    t.match(await response.json(), { error });
  }
  const response = await fetch(peer.url, { method: 'POST', body: frames[0] as Uint8Array });
  t.match(await response.json(), { frame_index: 0, result: { width: 640, height: 480 } });
});

test('litserve leaves no listening process when it is killed', options, async (t) => {
  const peer = await startPeer('litserve', ['--workers', '2']);
  await peer.kill();
  // Each of its HTTP processes inherits the listening socket.
  await t.rejects(fetch(peer.url, { method: 'POST' }), { cause: { code: 'ECONNREFUSED' } });
});
