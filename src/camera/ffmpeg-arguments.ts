/** The command lines of ffprobe and ffmpeg for each kind of source. Pure. */
import { maxPictureBytes, maxPixels, type Size } from './picture-limits.ts';
import type { Source } from './source.ts';

/** `copy` passes the camera's own JPEGs on; `pictures` gives raw ones, to be encoded when one may leave. */
export type Mode = 'copy' | 'pictures';

export interface Wishes {
  /** Frames a second at most. */
  readonly fps?: number | undefined;
  /** Pictures are made smaller to this, never larger. */
  readonly width?: number | undefined;
  /** Files: play again from the start, endlessly. */
  readonly loop?: boolean | undefined;
  readonly rtspTransport?: 'tcp' | 'udp' | undefined;
}

/** What the machine's ffmpeg understands. */
export interface FfmpegVersion {
  readonly major: number;
  readonly minor: number;
}

/** Wider pictures are made smaller where they are encoded anyway: raw ones of 4K would be 750 MB a second. */
const defaultMaxWidth = 1920;

/** The largest block of memory that ffmpeg may take: a raw picture of the most pixels with what is put around it. */
const maxBlockBytes = maxPictureBytes + 1_048_576;
/** A stream's start is looked at no further than this; it is over as soon as the codec is known. */
const probeBytes = 5_000_000;
const probeMicroseconds = 3_000_000;
/** Longer than the bridge's own patience: it only ends an ffmpeg that was orphaned while its camera is silent. */
const socketTimeoutFactor = 2;

/**
 * Formats that carry their own pictures. Playlists (HLS, DASH, concat, SDP) are none: they name other files and hosts, which
 * whoever wrote them may choose.
 */
const formats =
  'mov,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mjpeg,mpjpeg,jpeg_pipe,h264,hevc,m4v,ivf,nut,mxf,rawvideo';

/** What is known of a source before ffmpeg is asked, and how long it may be silent. */
export interface Input {
  readonly source: Source;
  readonly wishes: Wishes;
  readonly version: FfmpegVersion;
  readonly stallTimeoutMs: number;
  /** JPEGs over HTTP one after the other without a word between them: ffmpeg would look at megabytes of them before it knows. */
  readonly isJpegs?: boolean;
}

/** Asks for codec, size and length as JSON. */
export function probeArguments(input: Input): string[] {
  const fields = 'stream=codec_name,width,height:stream_side_data=rotation:stream_tags=rotate:format=duration';
  return [...quiet, ...['-select_streams', 'v:0', '-show_entries', fields, '-of', 'json'], ...inputArguments(input)];
}

export interface Playing extends Input {
  readonly mode: Mode;
  /** The picture as it is shown, turned upright, where known. */
  readonly size?: Size | undefined;
  /** A device that gives no JPEG is asked for what it has. */
  readonly deviceGivesJpeg?: boolean;
  /** The stream has no clock of its own, and ffmpeg would take it for one of 25 pictures a second. */
  readonly hasNoClock?: boolean;
  /** Parts of MIME with JPEGs come on standard input, at the wished rate. */
  readonly isPiped?: boolean;
  /** Something over HTTP that has an end: it comes as fast as the network, and must be held back to its own time. */
  readonly isRecording?: boolean;
}

/** Plays a source to standard output: parts of MIME with JPEGs, or PPM pictures. */
export function playArguments(playing: Playing): string[] {
  const { source, mode, wishes, isRecording = false, isPiped = false, hasNoClock = false } = playing;
  const isFile = source.kind === 'file';
  return [
    '-nostdin',
    ...quiet,
    ...(isFile && wishes.loop ? ['-stream_loop', '-1'] : []),
    ...(isFile || isRecording ? ['-re'] : ['-flags', 'low_delay']),
    ...(mode === 'pictures' ? ['-max_pixels', String(maxPixels)] : []),
    ...(hasNoClock ? ['-use_wallclock_as_timestamps', '1'] : []),
    ...(isPiped ? pipeArguments : inputArguments(playing)),
    ...['-map', '0:v:0', '-map_metadata', '-1'],
    ...(mode === 'copy' ? ['-c:v', 'copy', '-f', 'mpjpeg'] : pictureArguments(playing)),
    ...['-flush_packets', '1', 'pipe:1'],
  ];
}

const quiet = ['-hide_banner', '-loglevel', 'repeat+level+warning', '-max_alloc', String(maxBlockBytes)];

/** A look at one JPEG is enough, as the next one may be a second away; `nobuffer` would throw away what was looked at. */
const pipeArguments = [
  ...['-analyzeduration', '0', '-fpsprobesize', '0'],
  ...['-protocol_whitelist', 'pipe', '-f', 'mpjpeg', '-i', 'pipe:0'],
];

function inputArguments(input: Input & { readonly deviceGivesJpeg?: boolean }): string[] {
  const { source, wishes, version, stallTimeoutMs, isJpegs = false, deviceGivesJpeg = true } = input;
  const timeout = String(socketTimeoutFactor * stallTimeoutMs * 1000);
  const live = [
    ...['-fflags', 'nobuffer', '-probesize', String(probeBytes), '-analyzeduration', String(probeMicroseconds)],
    // Nobody asks for the rate, and finding it out takes twenty frames.
    ...['-fpsprobesize', '0'],
  ];
  switch (source.kind) {
    case 'rtsp': {
      const transport = wishes.rtspTransport ?? 'tcp';
      return [
        ...live,
        ...['-rtsp_transport', transport, '-allowed_media_types', 'video'],
        // Before version 5 the option `timeout` made ffmpeg a server.
        ...[version.major >= 5 ? '-timeout' : '-stimeout', timeout],
        ...['-protocol_whitelist', 'rtsp,rtp,srtp,udp,tcp,tls', '-format_whitelist', 'rtsp', '-f', 'rtsp'],
        ...['-i', source.text],
      ];
    }
    case 'http':
      return [
        ...live,
        ...['-rw_timeout', timeout, '-protocol_whitelist', 'http,https,httpproxy,tcp,tls'],
        ...['-format_whitelist', formats, ...(isJpegs ? ['-f', 'mjpeg'] : []), '-i', source.text],
      ];
    case 'device':
      return [
        ...['-fflags', 'nobuffer', '-f', 'v4l2'],
        ...(deviceGivesJpeg ? ['-input_format', 'mjpeg'] : []),
        ...(wishes.fps === undefined ? [] : ['-framerate', String(wishes.fps)]),
        ...['-i', source.text],
      ];
    case 'file':
      return ['-protocol_whitelist', 'file', '-format_whitelist', formats, '-i', `file:${source.text}`];
  }
}

function pictureArguments({ wishes, version, size, isPiped = false }: Playing): string[] {
  const filters = [...(wishes.fps === undefined || isPiped ? [] : [limitRate(wishes.fps)]), fit(wishes, size)];
  return [
    ...['-vf', filters.join(','), '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2pipe'],
    // Every picture once, when it comes: nothing doubled or held back for the sake of a steady rate.
    ...(version.major > 5 || (version.major === 5 && version.minor >= 1)
      ? ['-fps_mode', 'passthrough']
      : ['-vsync', '0']),
  ];
}

/** A camera's clock is not exact: a frame that comes a little early still counts. */
const earlyShare = 0.1;

/** `fps` would double the pictures of a slower source; this only leaves some out. */
function limitRate(fps: number): string {
  const gap = ((1 - earlyShare) / fps).toFixed(6);
  return `select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,${gap})+lt(t\\,prev_selected_t)`;
}

/**
 * The first picture sets the size of all. One of another size later, as when a camera was set up anew, is fitted into it with
 * borders rather than squeezed.
 */
function fit(wishes: Wishes, size: Size | undefined): string {
  const widest = wishes.width ?? defaultMaxWidth;
  if (size === undefined) return `scale=w=min(${widest}\\,iw):h=-1`;
  const width = Math.min(widest, size.width);
  const height = Math.max(1, Math.round((size.height * width) / size.width));
  const box = `${width}:${height}`;
  return `scale=${box}:force_original_aspect_ratio=decrease,pad=${box}:-1:-1`;
}
