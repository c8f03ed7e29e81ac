/** Commands and code that send frames to this gateway. Pure. */

export interface Snippets {
  /** For an IP camera, a stream or a video file. */
  readonly camera: string;
  /** For one image. */
  readonly image: string;
  /** For a page or a Node program. */
  readonly script: string;
}

/**
 * @param base address of the console: the gateway, or the path under which a proxy serves it.
 * @param pipeline the pipeline to run.
 */
export function snippetsFor(base: URL, pipeline: string): Snippets {
  const { host, pathname } = base;
  const scheme = base.protocol === 'https:' ? 'wss' : 'ws';
  // The address may end with the host unless there is a path prefix, whose final slash matters.
  const url = `${scheme}://${host}${pathname === '/' ? '' : pathname}`;
  const frames = new URL(`frames?pipeline_id=${encodeURIComponent(pipeline)}`, base);
  return {
    camera: `npx framegate camera 'rtsp://user:password@camera/stream' \\\n  --url ${quoted(url)} --pipeline ${quoted(pipeline)}`,
    image: `curl --data-binary @image.jpg -H 'Content-Type: image/jpeg' \\\n  ${quoted(frames.href)}`,
    script: [
      "import { connect, streamCamera } from 'framegate/client';",
      '',
      `const client = connect({ url: ${literal(url)}, pipeline: ${literal(pipeline)} });`,
      "client.on('result', ({ result }) => console.log(result));",
      "client.on('error', console.warn);",
      'streamCamera(client, await navigator.mediaDevices.getUserMedia({ video: true }));',
    ].join('\n'),
  };
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** As a JavaScript string in single quotes. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
