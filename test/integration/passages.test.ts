/**
 * Every event that a gateway reports gets to a subscriber of an MQTT broker, once, while hosts are killed, and the MQTT broker, too. With
 * `MINUTES`, one host is killed every ten seconds for so long, and every car that passes must have its event. On a busy machine, a short
 * form cannot promise that: hosts may take longer to start than a car to pass.
 *
 *   pictures ─► framegate camera ─► gateway ─► NATS ─► hosts, killed in turn
 *                     └─► mosquitto, killed now and then ─► this test
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { needsBroker, startBroker } from '../support/broker.ts';
import { noFfmpegReason, runCamera } from '../support/camera-run.ts';
import { startGateway } from '../support/gateway.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { needsMosquitto, type Received, startMosquitto, subscribe } from '../support/mosquitto.ts';
import { type Crossing, findCarsTool, pairPassages, Street, streetPipeline } from '../support/passing-cars.ts';
import { makeModelsDir } from '../support/temp-models.ts';
import { eventually, readiness } from '../support/vital-signs.ts';
import { startWorkerHost } from '../support/worker-host.ts';

const isLong = process.env['MINUTES'] !== undefined;
const minutes = Number(process.env['MINUTES'] ?? 0.2);
const durationMs = minutes * 60_000;
/** A different one in each run, shown in the test name. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const fps = 10;
/** In the short form, everything is killed at least once. */
const killEveryMs = Math.min(10_000, durationMs / 3);
const brokerEveryMs = Math.min(60_000, durationMs / 2);
/** A car is reported when it is past the line for sure, at the latest after a host was lost and another one has its next picture. */
const maxLateMs = 8000;
const hostNames = ['one', 'two'];

const skip = needsBroker.skip ?? needsMosquitto.skip ?? (noFfmpegReason || undefined);

test(`each event arrives once, for ${minutes} minutes with lost hosts and brokers (seed ${seed})`, {
  ...(skip === undefined ? {} : { skip }),
  timeout: durationMs + 120_000,
}, async (t) => {
  const modelsDir = makeModelsDir(t, { pipelines: [streetPipeline()], tools: { find_cars: findCarsTool } });
  // One after the other: each looks for a free port.
  const broker = await startBroker(t);
  const mosquitto = await startMosquitto(t);
  const camera = await startMjpegCamera(t);
  const env = { NATS_URL: broker.url, MODELS_DIR: modelsDir };
  const startHost = (name: string) => startWorkerHost(t, { ...env, POOL_WORKERS: '1', HOST_NAME: name });
  const hosts = await Promise.all(hostNames.map(startHost));
  const gateway = await startGateway({ ...env, POOL_WORKERS: '0', STREAM_HOST_LOST_MS: '1500' });
  t.teardown(() => gateway.kill());
  const hostsUp = () =>
    eventually(
      async () => (await readiness(gateway)).pool.ready,
      (ready) => ready === hostNames.length,
      'all hosts',
    );
  await hostsUp();

  const received = await subscribe(t, mosquitto, 'site/camera/+/event/#');
  const bridge = runCamera(t, [
    ...[camera.url, '--url', gateway.httpUrl.replace('http', 'ws'), '--pipeline', 'street', '--name', 'gate'],
    ...['--publish', `mqtt://127.0.0.1:${mosquitto.port}/site`],
  ]);
  const street = new Street(seed, durationMs);
  const startedAtMs = Date.now();
  const elapsedMs = () => Date.now() - startedAtMs;
  const pictures = setInterval(() => camera.show(Buffer.from(street.jpegAt(elapsedMs()))), 1000 / fps);
  t.teardown(() => clearInterval(pictures));

  let [killed, restarts] = [0, 0];
  const killHosts = async () => {
    while (elapsedMs() < durationMs) {
      await sleep(killEveryMs);
      const index = killed % hostNames.length;
      hosts[index]?.signal('SIGKILL');
      killed += 1;
      hosts[index] = await startHost(hostNames[index] as string);
      await hostsUp();
    }
  };
  const killBroker = async () => {
    while (elapsedMs() < durationMs) {
      await sleep(brokerEveryMs);
      await mosquitto.kill();
      await sleep(Math.min(5000, brokerEveryMs / 4));
      await mosquitto.start();
      restarts += 1;
    }
  };
  await Promise.all([killHosts(), killBroker(), sleep(street.endMs + maxLateMs)]);

  t.comment(`${killed} hosts and ${restarts} brokers were killed`);
  const crossings = crossingsOf(received);
  t.equal(new Set(crossings.map(({ id }) => id)).size, crossings.length, 'no event comes twice');
  const reported = bridge.lines.flatMap(({ result }) => (result as { events?: Crossing[] } | undefined)?.events ?? []);
  t.same(
    crossings.map(nameOf).sort(),
    reported.map(nameOf).sort(),
    'every event that the gateway reported has arrived',
  );
  t.ok(reported.length > 0);
  const { missing, unexpected } = pairPassages(street.passages, crossings, { startMs: startedAtMs, maxLateMs });
  t.comment(`${street.passages.length} passages, ${crossings.length} events`);
  if (isLong) {
    t.same(missing, [], 'every passage is reported');
    t.same(unexpected, [], 'nothing else is reported');
  }
  t.notMatch(bridge.stderr(), /gateway error/);
  const dropped = bridge.lines.filter((line) => line['dropped'] === true).length;
  t.comment(`${bridge.lines.filter(({ frame_index }) => frame_index !== undefined).length} frames, ${dropped} dropped`);
});

function nameOf({ label, direction, at_ms }: Crossing): string {
  return `${at_ms} ${label} ${direction}`;
}

function crossingsOf(received: readonly Received[]): (Crossing & { readonly id: string })[] {
  return received
    .map(({ payload }) => JSON.parse(payload) as Crossing & { readonly id: string; readonly type: string })
    .filter(({ type }) => type === 'cross')
    .sort((a, b) => a.at_ms - b.at_ms);
}
