/** Snapshot cameras that return something other than a JPEG: reported with a reason, and retried if that can help. */
import type { ServerResponse } from 'node:http';
import { test } from 'tap';
import { eventually, recordFrames, runCamera, noFfmpegReason as skip } from '../support/camera-run.ts';
import { numberedFrame } from '../support/numbered-frames.ts';
import { startSnapshotCamera } from '../support/snapshot-camera.ts';

const frames = Array.from({ length: 300 }, (_, number) => numberedFrame(number));
const image = (index: number) => frames[index % frames.length] as Buffer;
const hugeJpeg = Buffer.concat([image(0), Buffer.alloc(33 * 1_048_576)]);

function sendHalf(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 });
  response.write(image(0).subarray(0, 500), () => response.destroy());
}

test('a wrong password is tried once, then the camera ends', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image, login: { user: 'admin', password: 'right' } });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url.replace('//', '//admin:wr0ng@'), '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /^framegate: \S+: 401 Unauthorized: wrong user name or password\n$/);
  t.equal(camera.requests.filter((header) => header !== undefined).length, 1);
});

/** The effect of one bad response after two images. */
for (const [what, answer, detail] of [
  ['no data', () => undefined, 'no frame for 1.1 s'],
  ['404', (response) => response.writeHead(404).end(), '404 Not Found: no such stream or image'],
  ['503', (response) => response.writeHead(503).end(), '503 Service Unavailable'],
  ['HTML', (response) => response.end('<html>busy</html>'), 'the response is not a JPEG'],
  ['an empty body', (response) => response.end(), 'the response is not a JPEG'],
  ['33 MB', (response) => response.end(hugeJpeg), 'image is larger than 32 MB'],
  ['half a JPEG', (response) => sendHalf(response), 'camera closed the connection'],
] as const satisfies readonly (readonly [string, (response: ServerResponse) => void, string])[]) {
  test(`a response with ${what} is reported, and the camera is retried`, { skip }, async (t) => {
    const camera = await startSnapshotCamera(t, {
      image,
      answer: (response, index) => {
        if (index === 2) answer(response);
        return index === 2;
      },
    });
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url, '--fps', '10', '--stall-timeout', '1']);
    t.match(await run.until(({ state }) => state === 'waiting'), { detail });
    await eventually('frames again', () => gateway.frames.length >= 4);
  });
}

for (const [what, type, body, detail] of [
  ['a web page', 'text/html; charset=utf-8', '\n<!DOCTYPE html>', 'the address returns a web page, not a video'],
  ['text declared as JPEG', 'image/jpeg', 'busy', 'Content-Type is image/jpeg, but the body is not a JPEG'],
] as const) {
  test(`${what} is fatal after three attempts, with the reason`, { skip }, async (t) => {
    const camera = await startSnapshotCamera(t, { image: () => Buffer.from(body), type });
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url]);
    t.equal(await run.ended(), 1);
    t.match(run.lines.at(-1), { state: 'ended', failed: true, detail });
    t.equal(camera.requests.length, 3);
  });
}
