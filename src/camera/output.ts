/** What gives a play its bytes: an ffmpeg that plays a source, or makes something else of what another output gives. Main thread. */
import { Child } from './child.ts';
import { type Playing, playArguments } from './ffmpeg-arguments.ts';
import { type LastWords, lastWordsOf } from './last-words.ts';

/** Something that writes frames, each after a header with its length, until it ends or is stopped. */
export interface Output {
  readonly ended: Promise<OutputEnd>;
  stop(): void;
}

export interface OutputEnd {
  /** It ended by itself and without an error. */
  readonly isClean: boolean;
  readonly words: LastWords;
}

/** Starts an output; `chunk` gets its bytes as they come. */
export type StartOutput = (chunk: (bytes: Buffer) => void) => Output;

/** Plays a source with ffmpeg. */
export function playWithFfmpeg(playing: Playing): StartOutput {
  return (chunk) => {
    const child = new Child('ffmpeg', playArguments(playing), chunk);
    const ended = child.ended.then((code) => ({
      isClean: code === 0,
      words: lastWordsOf(child.lines, playing.source, { program: 'ffmpeg', code }),
    }));
    return { ended, stop: () => child.stop() };
  };
}

/** Has ffmpeg make raw pictures of the JPEGs that `start` gives: as many as it has time for, the others are left out. */
export function decodeWithFfmpeg(start: StartOutput, playing: Playing): StartOutput {
  return (chunk) => {
    const child = new Child('ffmpeg', playArguments({ ...playing, isPiped: true }), chunk, true);
    const input = start((part) => child.write(part));
    const stop = () => {
      input.stop();
      child.stop();
    };
    const first = Promise.race([
      input.ended.then((end) => ({ ...end, isInput: true })),
      child.ended.then((code) => ({
        isInput: false,
        isClean: false,
        words: lastWordsOf(child.lines, playing.source, { program: 'ffmpeg', code }),
      })),
    ]);
    const ended = first.then(async ({ isInput, ...end }) => {
      if (isInput) child.endInput();
      else input.stop();
      await Promise.all([input.ended, child.ended]);
      return end;
    });
    return { ended, stop };
  };
}
