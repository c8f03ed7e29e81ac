/** Cameras that give one JPEG a request, and what they answer in place of it: told in words, and healed where it can be. */
import type { ServerResponse } from 'node:http';
import { test } from 'tap';
import { eventually, keepFrames, runCamera, noFfmpegReason as skip } from '../support/camera-run.ts';
import { numberedFrame } from '../support/numbered-frames.ts';
import { startSnapshotCamera } from '../support/snapshot-camera.ts';

const frames = Array.from({ length: 300 }, (_, number) => numberedFrame(number));
const picture = (index: number) => frames[index % frames.length] as Buffer;
const hugeJpeg = Buffer.concat([picture(0), Buffer.alloc(33 * 1_048_576)]);

function sendHalf(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 });
  response.write(picture(0).subarray(0, 500), () => response.destroy());
}

test('a wrong password ends the camera after it was tried once', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { picture, login: { user: 'admin', password: 'right' } });
  const gateway = await keepFrames(t);
  const run = runCamera(t, [camera.url.replace('//', '//admin:wr0ng@'), '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /^framegate: \S+: 401 Unauthorized: wrong user name or password\n$/);
  t.equal(camera.requests.filter((said) => said !== undefined).length, 1);
});

/** What one answer after two pictures leads to. */
for (const [what, answer, detail] of [
  ['none', () => undefined, 'no frame for 1.1 s'],
  ['404', (response) => response.writeHead(404).end(), '404 Not Found: no such stream or image'],
  ['503', (response) => response.writeHead(503).end(), '503 Service Unavailable'],
  ['no JPEG', (response) => response.end('<html>busy</html>'), 'the response is not a JPEG'],
  ['nothing in it', (response) => response.end(), 'the response is not a JPEG'],
  ['33 MB', (response) => response.end(hugeJpeg), 'image is larger than 32 MB'],
  ['half of one', (response) => sendHalf(response), 'camera closed the connection'],
] as const satisfies readonly (readonly [string, (response: ServerResponse) => void, string])[]) {
  test(`an answer with ${what} is told, and the camera is asked again`, { skip }, async (t) => {
    const camera = await startSnapshotCamera(t, {
      picture,
      answer: (response, index) => {
        if (index === 2) answer(response);
        return index === 2;
      },
    });
    const gateway = await keepFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url, '--fps', '10', '--stall-timeout', '1']);
    t.match(await run.until(({ state }) => state === 'waiting'), { detail });
    await eventually('frames again', () => gateway.frames.length >= 4);
  });
}

for (const [what, type, body, detail] of [
  ['a web page', 'text/html; charset=utf-8', '\n<!DOCTYPE html>', 'the address returns a web page, not a video'],
  ['a picture that is none', 'image/jpeg', 'busy', 'Content-Type is image/jpeg, but the body is not a JPEG'],
] as const) {
  test(`${what} is given up after three attempts, with the reason`, { skip }, async (t) => {
    const camera = await startSnapshotCamera(t, { picture: () => Buffer.from(body), type });
    const gateway = await keepFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url]);
    t.equal(await run.ended(), 1);
    t.match(run.lines.at(-1), { state: 'ended', failed: true, detail });
    t.equal(camera.requests.length, 3);
  });
}
