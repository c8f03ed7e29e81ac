/** Two gateways behind a balancer are replaced one after the other, while cameras of both client libraries send: no frame is lost. */
import { test } from 'tap';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { checkFrames, startRollingCameras } from '../support/rolling-cameras.ts';
import { startTcpBalancer } from '../support/tcp-balancer.ts';

/** Takes the pipeline 16 ms. */
const frame = encodeGradient(16, 16);

test('a rolling restart of two gateways: every frame is accounted for, and every camera is connected again', async (t) => {
  const start = (port: number) =>
    startGateway({ PORT: String(port), POOL_WORKERS: '2', DRAIN_SPREAD_MS: '500', STREAM_MAX_SESSION_AGE_S: '3600' });
  const ports = [await freePort(), await freePort()];
  const gateways = await Promise.all(ports.map(start));
  t.teardown(() => Promise.all(gateways.map((gateway) => gateway.kill())));
  const { port } = await startTcpBalancer(t, ports);
  const url = `http://127.0.0.1:${port}`;
  const plan = { url, pipeline: 'by_width', frame, fps: 15, nodeCameras: 4, pythonCameras: 1 };
  const cameras = await startRollingCameras(t, plan);
  await cameras.settled();
  for (const [place, restarted] of ports.entries()) {
    const old = gateways[place] as Gateway;
    t.strictSame(await old.stop(), { code: 0, signal: null });
    t.match(old.log(), /"close_code":1001,"close_reason":"shutdown"/);
    await cameras.settled();
    gateways.push(await start(restarted));
  }
  await cameras.settled();
  const reports = await cameras.stop();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  checkFrames(t, reports, gateways);
});
