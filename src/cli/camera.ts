/** `framegate camera`: plays cameras, streams and files to a gateway until they are over or somebody stops it. */
import { Bridge } from '../camera/bridge.ts';
import { createEncoder, createInspector, type Encode } from '../camera/encoder.ts';
import { findFfmpeg } from '../camera/ffmpeg.ts';
import { CameraLines, type CameraOutput } from './camera-lines.ts';
import { CameraScreen } from './camera-screen.ts';
import { type CameraFlags, planCameras } from './camera-sources.ts';

export type { CameraFlags } from './camera-sources.ts';

/** What a shell reports for a command that SIGINT ended. */
const interruptedExitCode = 130;
/** Ctrl-C reaches the command from the terminal and once more from the launcher; a later one means "now". */
const duplicateSignalMs = 1000;

/**
 * Runs the cameras.
 * @returns the exit code: 0 when each was played to its end or stopped, 1 when one failed.
 * @throws ConfigError for flags, sources and a machine with which nothing can be played.
 */
export async function camera(sources: readonly string[], flags: CameraFlags): Promise<number> {
  const { plans, unusable } = planCameras(sources, flags);
  const version = await findFfmpeg();
  const encoders = new Map<number | undefined, Encode>();
  for (const { quality } of plans) if (!encoders.has(quality)) encoders.set(quality, await createEncoder(quality));
  const lookAt = await createInspector();
  const screen = process.stdout.isTTY && !flags.json ? new CameraScreen(process.stdout) : undefined;
  const output: CameraOutput = screen ?? new CameraLines(process.stdout);
  const bridges = plans.map((plan) => {
    const encode = encoders.get(plan.quality) as Encode;
    const bridge = new Bridge({ plan, version, encode, lookAt, event: (event) => output.event(plan.name, event) });
    screen?.add(plan.name, bridge);
    return { name: plan.name, bridge };
  });
  const release = stopOnSignals(() => {
    for (const { bridge } of bridges) bridge.stop();
  });
  for (const { name, issue } of unusable) output.refused(name, issue);
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

/** The first signal ends the cameras in order, a later one the command; a reader that has gone (`| head`) ends them too. */
function stopOnSignals(stop: () => void): () => void {
  let stoppedAtMs: number | undefined;
  const onSignal = () => {
    if (stoppedAtMs !== undefined && performance.now() - stoppedAtMs > duplicateSignalMs)
      process.exit(interruptedExitCode);
    stoppedAtMs ??= performance.now();
    stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
