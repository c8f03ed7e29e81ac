/** Opens the console of a gateway that answers with the results of a test. Tests only. */
import type { Test } from 'tap';
import { type Arrival, startFakeGateway } from '../../support/fake-gateway.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { serveConsole } from '../../support/page-site.ts';
import { type OpenOptions, openConsole } from './open-console.ts';

/** Size of {@link image} in pixels. */
export const size = { width: 320, height: 240 };
/** An image file for the console. */
export const image = {
  name: 'page.jpg',
  mimeType: 'image/jpeg',
  buffer: Buffer.from(encodeGradient(size.width, size.height)),
};

export interface OpenWithOptions extends OpenOptions {
  /** Parameters of the page's address. */
  readonly query?: string;
}

/** Opens the console of a gateway that answers every frame with what `resultFor` returns, or not at all. */
export async function openWith(
  t: Test,
  resultFor: (arrival: Arrival) => object | undefined,
  { query = 'fps=10', ...options }: OpenWithOptions = {},
) {
  const fake = await startFakeGateway(t, {
    serve: serveConsole,
    frame: (arrival) => {
      const result = resultFor(arrival);
      if (result === undefined) return;
      const timed = { ...size, timings_ms: { decode: 1, total: 1 }, ...result };
      arrival.socket.send(JSON.stringify({ frame_index: arrival.index, result: timed }));
    },
  });
  const opened = await openConsole(t, `http://127.0.0.1:${fake.port}/?${query}`, options);
  return { ...opened, port: fake.port };
}
