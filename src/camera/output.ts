/** Byte sources for a session: an ffmpeg that plays a source, or one that decodes what another output writes. Main thread. */
import { type ExitReason, exitReasonOf } from './exit-reason.ts';
import { type PlaybackOptions, playArguments } from './ffmpeg-arguments.ts';
import { FfmpegProcess } from './ffmpeg-process.ts';

/** Writes frames, each after a header with its length, until it ends or is stopped. */
export interface Output {
  readonly ended: Promise<OutputEnd>;
  stop(): void;
}

export interface OutputEnd {
  /** It ended by itself and without an error. */
  readonly isClean: boolean;
  readonly reason: ExitReason;
}

/** Starts an output; `chunk` gets its bytes as they arrive. */
export type StartOutput = (chunk: (bytes: Buffer) => void) => Output;

/** Plays a source with ffmpeg. */
export function playWithFfmpeg(playback: PlaybackOptions): StartOutput {
  return (chunk) => {
    const ffmpeg = new FfmpegProcess('ffmpeg', playArguments(playback), chunk);
    const ended = ffmpeg.ended.then((code) => ({
      isClean: code === 0,
      reason: exitReasonOf(ffmpeg.lines, playback.source, { program: 'ffmpeg', code }),
    }));
    return { ended, stop: () => ffmpeg.stop() };
  };
}

/** Decodes the JPEGs of `start` to raw frames with ffmpeg. JPEGs that arrive while ffmpeg is busy are skipped. */
export function decodeWithFfmpeg(start: StartOutput, playback: PlaybackOptions): StartOutput {
  return (chunk) => {
    const ffmpeg = new FfmpegProcess('ffmpeg', playArguments({ ...playback, isPiped: true }), chunk, true);
    const input = start((part) => ffmpeg.write(part));
    const stop = () => {
      input.stop();
      ffmpeg.stop();
    };
    const first = Promise.race([
      input.ended.then((end) => ({ ...end, isInput: true })),
      ffmpeg.ended.then((code) => ({
        isInput: false,
        isClean: false,
        reason: exitReasonOf(ffmpeg.lines, playback.source, { program: 'ffmpeg', code }),
      })),
    ]);
    const ended = first.then(async ({ isInput, ...end }) => {
      if (isInput) ffmpeg.endInput();
      else input.stop();
      await Promise.all([input.ended, ffmpeg.ended]);
      return end;
    });
    return { ended, stop };
  };
}
