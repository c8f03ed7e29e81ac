/** Finds ffmpeg and reads its version. Main thread. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { FfmpegVersion } from './ffmpeg-arguments.ts';

/** A program that does not print its version within this time is broken. */
const versionTimeoutMs = 10_000;

const installHint =
  'install it with `apt install ffmpeg` (Debian, Ubuntu, Raspberry Pi OS) or `brew install ffmpeg` (macOS)';

/** Builds from ffmpeg's repository have no version number, and are recent. */
const newest: FfmpegVersion = { major: Number.POSITIVE_INFINITY, minor: 0 };

/** @throws ConfigError with an install hint if ffmpeg or ffprobe is not on PATH. */
export async function findFfmpeg(): Promise<FfmpegVersion> {
  const [version] = await Promise.all([versionOf('ffmpeg'), versionOf('ffprobe')]);
  return version;
}

async function versionOf(program: string): Promise<FfmpegVersion> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-version'], { timeout: versionTimeoutMs });
    const match = /version n?(\d+)\.(\d+)/.exec(stdout);
    return match === null ? newest : { major: Number(match[1]), minor: Number(match[2]) };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? `${program} not found on PATH; ${installHint}` : `${program} cannot be run: ${cause}`;
    throw new ConfigError([reason], { cause });
  }
}
