/** Command lines for ffprobe and ffmpeg, per kind of source. Pure. */
import { maxPixels, maxRawFrameBytes, type Size } from './frame-limits.ts';
import type { Source } from './source.ts';

/** `copy` passes the camera's JPEGs through; `pictures` outputs raw frames, which are encoded when they are sent. */
export type Mode = 'copy' | 'pictures';

export interface CaptureOptions {
  /** Maximum frames per second. */
  readonly fps?: number | undefined;
  /** Wider frames are scaled down to this width; frames are never scaled up. */
  readonly width?: number | undefined;
  /** Files only: repeat forever. */
  readonly loop?: boolean | undefined;
  readonly rtspTransport?: 'tcp' | 'udp' | undefined;
}

/** The version of the installed ffmpeg. */
export interface FfmpegVersion {
  readonly major: number;
  readonly minor: number;
}

/** Frames that are encoded anyway are scaled down to this width: raw 4K video would be 750 MB a second. */
const defaultMaxWidth = 1920;

/** The largest block that ffmpeg may allocate: the largest raw frame plus padding. */
const maxAllocBytes = maxRawFrameBytes + 1_048_576;
/** Upper limits for probing a stream; probing ends as soon as the codec is known. */
const probeBytes = 5_000_000;
const probeMicroseconds = 3_000_000;
/** Longer than the bridge's own stall timeout: this only ends an orphaned ffmpeg whose camera has stalled. */
const socketTimeoutFactor = 2;

/**
 * Formats that contain their own video. Playlists (HLS, DASH, concat, SDP) are excluded: they refer to other files and hosts, which
 * the author of the playlist chooses.
 */
const formats =
  'mov,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mjpeg,mpjpeg,jpeg_pipe,h264,hevc,m4v,ivf,nut,mxf,rawvideo';

/** What is known about a source before ffmpeg starts. */
export interface InputOptions {
  readonly source: Source;
  readonly capture: CaptureOptions;
  readonly version: FfmpegVersion;
  readonly stallTimeoutMs: number;
  /** Concatenated JPEGs over HTTP without headers in between: ffmpeg would probe megabytes before it recognizes them. */
  readonly isJpegs?: boolean;
}

/** Prints codec, size and duration as JSON. */
export function probeArguments(input: InputOptions): string[] {
  const fields = 'stream=codec_name,width,height:stream_side_data=rotation:stream_tags=rotate:format=duration';
  return [...quiet, ...['-select_streams', 'v:0', '-show_entries', fields, '-of', 'json'], ...inputArguments(input)];
}

export interface PlaybackOptions extends InputOptions {
  readonly mode: Mode;
  /** The displayed size, after rotation, if known. */
  readonly size?: Size | undefined;
  /** A device without JPEG output is opened in its default format. */
  readonly deviceHasJpeg?: boolean;
  /** The stream has no timestamps, and ffmpeg would assume 25 fps. */
  readonly hasNoTimestamps?: boolean;
  /** Multipart JPEGs arrive on standard input, already at the requested rate. */
  readonly isPiped?: boolean;
  /** A recording over HTTP: it arrives as fast as the network allows and must be played at its own rate. */
  readonly isRecording?: boolean;
}

/** Plays a source to standard output, as multipart JPEGs or PPM images. */
export function playArguments(playback: PlaybackOptions): string[] {
  const { source, mode, capture, isRecording = false, isPiped = false, hasNoTimestamps = false } = playback;
  const isFile = source.kind === 'file';
  return [
    '-nostdin',
    ...quiet,
    ...(isFile && capture.loop ? ['-stream_loop', '-1'] : []),
    ...(isFile || isRecording ? ['-re'] : ['-flags', 'low_delay']),
    ...(mode === 'pictures' ? ['-max_pixels', String(maxPixels)] : []),
    ...(hasNoTimestamps ? ['-use_wallclock_as_timestamps', '1'] : []),
    ...(isPiped ? pipeArguments : inputArguments(playback)),
    ...['-map', '0:v:0', '-map_metadata', '-1'],
    ...(mode === 'copy' ? ['-c:v', 'copy', '-f', 'mpjpeg'] : rawFrameArguments(playback)),
    ...['-flush_packets', '1', 'pipe:1'],
  ];
}

const quiet = ['-hide_banner', '-loglevel', 'repeat+level+warning', '-max_alloc', String(maxAllocBytes)];

/** Probing stops after one JPEG, since the next may be a second away; `nobuffer` would discard the probed data. */
const pipeArguments = [
  ...['-analyzeduration', '0', '-fpsprobesize', '0'],
  ...['-protocol_whitelist', 'pipe', '-f', 'mpjpeg', '-i', 'pipe:0'],
];

function inputArguments(input: InputOptions & { readonly deviceHasJpeg?: boolean }): string[] {
  const { source, capture, version, stallTimeoutMs, isJpegs = false, deviceHasJpeg = true } = input;
  const timeout = String(socketTimeoutFactor * stallTimeoutMs * 1000);
  const live = [
    ...['-fflags', 'nobuffer', '-probesize', String(probeBytes), '-analyzeduration', String(probeMicroseconds)],
    // The frame rate is not needed, and detecting it takes twenty frames.
    ...['-fpsprobesize', '0'],
  ];
  switch (source.kind) {
    case 'rtsp': {
      const transport = capture.rtspTransport ?? 'tcp';
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
        ...(deviceHasJpeg ? ['-input_format', 'mjpeg'] : []),
        ...(capture.fps === undefined ? [] : ['-framerate', String(capture.fps)]),
        ...['-i', source.text],
      ];
    case 'file':
      return ['-protocol_whitelist', 'file', '-format_whitelist', formats, '-i', `file:${source.text}`];
  }
}

function rawFrameArguments({ capture, version, size, isPiped = false }: PlaybackOptions): string[] {
  const filters = [
    ...(capture.fps === undefined || isPiped ? [] : [rateFilter(capture.fps)]),
    scaleFilter(capture, size),
  ];
  return [
    ...['-vf', filters.join(','), '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2pipe'],
    // Output each frame once, on arrival: no duplicates or delays for a constant rate.
    ...(version.major > 5 || (version.major === 5 && version.minor >= 1)
      ? ['-fps_mode', 'passthrough']
      : ['-vsync', '0']),
  ];
}

/** Camera clocks are not exact: a frame that arrives slightly early still counts. */
const earlyFraction = 0.1;

/** Only skips frames. ffmpeg's `fps` filter would also duplicate those of a slower source. */
function rateFilter(fps: number): string {
  const gap = ((1 - earlyFraction) / fps).toFixed(6);
  return `select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,${gap})+lt(t\\,prev_selected_t)`;
}

/**
 * The first frame sets the output size. If the size changes later, for example because a camera was reconfigured, frames are
 * letterboxed rather than distorted.
 */
function scaleFilter(capture: CaptureOptions, size: Size | undefined): string {
  const maxWidth = capture.width ?? defaultMaxWidth;
  if (size === undefined) return `scale=w=min(${maxWidth}\\,iw):h=-1`;
  const width = Math.min(maxWidth, size.width);
  const height = Math.max(1, Math.round((size.height * width) / size.width));
  const box = `${width}:${height}`;
  return `scale=${box}:force_original_aspect_ratio=decrease,pad=${box}:-1:-1`;
}
