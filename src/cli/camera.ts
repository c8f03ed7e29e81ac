/** `framegate camera`: plays cameras, streams and files to a gateway until they end or the command is stopped. */
import { Bridge } from '../camera/bridge.ts';
import { createEncoder, createInspector, type Encode } from '../camera/encoder.ts';
import { findFfmpeg } from '../camera/ffmpeg.ts';
import { CameraLines, type CameraOutput } from './camera-lines.ts';
import { CameraScreen } from './camera-screen.ts';
import { type CameraFlags, planCameras } from './camera-sources.ts';
import { stopOnSignals } from './signals.ts';

export type { CameraFlags } from './camera-sources.ts';

/**
 * Runs the cameras.
 * @returns the exit code: 0 if all cameras were played to the end or stopped, 1 if one failed.
 * @throws ConfigError for invalid flags or sources, or if ffmpeg is missing.
 */
export async function camera(sources: readonly string[], flags: CameraFlags): Promise<number> {
  const { plans, unusable } = planCameras(sources, flags);
  const version = await findFfmpeg();
  const encoders = new Map<number | undefined, Encode>();
  for (const { quality } of plans) if (!encoders.has(quality)) encoders.set(quality, await createEncoder(quality));
  const inspect = await createInspector();
  const screen = process.stdout.isTTY && !flags.json ? new CameraScreen(process.stdout) : undefined;
  const output: CameraOutput = screen ?? new CameraLines(process.stdout);
  const bridges = plans.map((plan) => {
    const encode = encoders.get(plan.quality) as Encode;
    const bridge = new Bridge({
      plan,
      version,
      encode,
      inspect,
      onEvent: (event) => output.event(plan.name, event),
    });
    screen?.add(plan.name, bridge);
    return { name: plan.name, bridge };
  });
  const stop = () => {
    for (const { bridge } of bridges) bridge.stop();
  };
  const release = stopOnSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], stop);
  // A closed pipe (`| head`) stops the cameras too.
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  for (const { name, issue } of unusable) output.unusable(name, issue);
  const ends = await Promise.all(
    bridges.map(async ({ name, bridge }) => {
      const end = await bridge.run();
      output.ended(name, end, bridge.tally.counts);
      return end;
    }),
  );
  output.close();
  release();
  return unusable.length > 0 || ends.some(({ type }) => type === 'failed') ? 1 : 0;
}
