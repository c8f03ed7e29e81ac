/** Starts a real RTSP server (GStreamer's, from Debian) that streams the test's frames. Tests only. */
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const script = fileURLToPath(new URL('rtsp-camera.py', import.meta.url));

/** The system's Python, for which Debian packages GStreamer; another Python may be first on PATH. */
const python = '/usr/bin/python3';

export interface RtspCamera {
  readonly url: string;
  readonly port: number;
  show(jpeg: Buffer): void;
  /** Kills it without closing connections, as in a power failure. */
  kill(): Promise<void>;
  /** Freezes it; connections stay open. */
  freeze(): void;
}

export interface RtspOptions {
  readonly codec?: 'h264' | 'jpeg';
  /** To restart at the same address. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
}

/** Why this machine cannot run an RTSP camera; `false` if it can. For `skip`. */
export const noRtspReason: string | false = (() => {
  const elements = ['x264enc', 'rtph264pay', 'rtpjpegpay', 'jpegdec', 'appsrc'];
  const check = `
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ${JSON.stringify(elements)}))`;
  try {
    execFileSync(python, ['-c', check], { stdio: 'ignore' });
    return false;
  } catch {
    const packages = 'gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly';
    return `needs an RTSP server: apt install ${packages}`;
  }
})();

/** Serves until the test ends. */
export async function startRtspCamera(t: Test, options: RtspOptions = {}): Promise<RtspCamera> {
  const { codec = 'h264', port = 0, user, password } = options;
  const login = user === undefined ? [] : ['--user', user, '--password', password ?? ''];
  const child = spawn(python, [script, '--codec', codec, '--port', String(port), ...login], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(kill);
  child.stdin.on('error', () => undefined);
  const boundPort = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(Number(text)));
    child.once('close', () => reject(new Error('the RTSP server did not start')));
  });
  return {
    port: boundPort,
    url: `rtsp://127.0.0.1:${boundPort}/live`,
    show: (jpeg) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(jpeg.length);
      child.stdin.write(Buffer.concat([head, jpeg]));
    },
    kill,
    freeze: () => void child.kill('SIGSTOP'),
  };
}
