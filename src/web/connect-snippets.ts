/** Commands and code that send frames to this gateway. Pure. */

import { streamPath } from '../protocol.ts';

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
  const url = gatewayUrl(base);
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

/**
 * How a camera gets its name: the address of a stream, and a command.
 * @param name an example.
 */
export function nameSnippets(base: URL, pipeline: string, name: string) {
  const stream = new URL(streamPath.slice(1), base);
  stream.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  stream.search = String(new URLSearchParams({ pipeline_id: pipeline, camera: name }));
  const url = quoted(gatewayUrl(base));
  const bridge = `npx framegate camera 'rtsp://user:password@camera/stream' \\\n  --url ${url} --pipeline ${quoted(pipeline)} --name ${quoted(name)}`;
  return { name: stream.href, bridge };
}

/** May end with the host unless there is a path prefix, whose final slash matters. */
function gatewayUrl({ protocol, host, pathname }: URL): string {
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${pathname === '/' ? '' : pathname}`;
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** As a JavaScript string in single quotes. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
