/** `framegate camera`: plays cameras, streams and files to a gateway until they end or the command is stopped. */
import { Bridge } from '../camera/bridge.ts';
import { createEncoder, createInspector, type Encode } from '../camera/encoder.ts';
import { findFfmpeg } from '../camera/ffmpeg.ts';
import { openTarget } from '../camera/publish/open-target.ts';
import { Publisher, type Route } from '../camera/publish/publisher.ts';
import { version as ownVersion } from '../version.ts';
import { CameraLines, type CameraOutput } from './camera-lines.ts';
import { CameraScreen } from './camera-screen.ts';
import { type CameraFlags, planCameras } from './camera-sources.ts';
import type { PlannedTarget } from './camera-targets.ts';
import { stopOnSignals } from './signals.ts';

export type { CameraFlags } from './camera-sources.ts';

/** After the end of all cameras, how long events may take to be delivered. */
const flushMs = 60_000;
/** The same after a signal. Containers are killed ten seconds after it. */
const stoppedFlushMs = 5000;

/**
 * Runs the cameras.
 * @returns the exit code: 0 if all cameras were played to the end or stopped, 1 if one failed, or if events were not delivered.
 * @throws ConfigError for invalid flags or sources, or if ffmpeg is missing.
 */
export async function camera(sources: readonly string[], flags: CameraFlags): Promise<number> {
  const { plans, unusable, targets } = planCameras(sources, flags);
  const version = await findFfmpeg();
  const encoders = new Map<number | undefined, Encode>();
  for (const { quality } of plans) if (!encoders.has(quality)) encoders.set(quality, await createEncoder(quality));
  const inspect = await createInspector();
  const eventsOnly = flags.eventsOnly === true;
  const screen = process.stdout.isTTY && !flags.json && !eventsOnly ? new CameraScreen(process.stdout) : undefined;
  const output: CameraOutput = screen ?? new CameraLines(process.stdout, eventsOnly);
  const routes = await openRoutes(targets, output);
  for (const { target } of routes) screen?.addTarget(target);
  const publisher = new Publisher(routes);
  const bridges = plans.map((plan) => {
    const encode = encoders.get(plan.quality) as Encode;
    const bridge = new Bridge({
      plan,
      version,
      encode,
      inspect,
      onEvent: (event) => {
        output.event(plan.name, event);
        publisher.onBridgeEvent(plan.publicName, event);
      },
    });
    screen?.add(plan.name, bridge);
    return { plan, bridge };
  });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    for (const { bridge } of bridges) bridge.stop();
  };
  const release = stopOnSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], stop);
  // A closed pipe (`| head`) stops the cameras too.
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  for (const { name, issue } of unusable) output.unusable(name, issue);
  const ends = await Promise.all(
    bridges.map(async ({ plan, bridge }) => {
      const end = await bridge.run();
      output.ended(plan.name, end, bridge.tally.counts);
      publisher.ended(plan.publicName);
      return end;
    }),
  );
  const isDelivered = await publisher.close(isStopped ? stoppedFlushMs : flushMs);
  for (const { target } of routes) output.targetEnded(target);
  output.close();
  release();
  return unusable.length > 0 || !isDelivered || ends.some(({ type }) => type === 'failed') ? 1 : 0;
}

function openRoutes(targets: readonly PlannedTarget[], output: CameraOutput): Promise<Route[]> {
  return Promise.all(
    targets.map(async ({ plan, cameras }) => {
      const onNotice = (notice: Parameters<CameraOutput['target']>[1]) => output.target(plan.shown, notice);
      const target = await openTarget({ plan, cameras, version: ownVersion, onNotice });
      return { target, cameras: new Set(cameras) };
    }),
  );
}
