/** Loads uWebSockets.js; the only importer of it. Main thread. */
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { SetupError } from '../errors.ts';
import type { Log } from '../observe/log.ts';

export type { HttpRequest, HttpResponse, TemplatedApp, WebSocket };

/** What is used of the module; the repack's types leave the constant out and know `listen` with fewer arguments. */
export type Uws = Pick<typeof import('uWebSockets.js'), 'App' | 'us_listen_socket_close' | 'us_socket_local_port'> & {
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
};
type ListenOnHost = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

/** @throws SetupError with one line where there is no build for this Node or platform. */
export async function loadUws(): Promise<Uws> {
  try {
    return (await import('uWebSockets.js')) as unknown as Uws;
  } catch (cause) {
    const here = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
    throw new SetupError([`uWebSockets.js has no build for ${here}; see "Runs on" in the README`], { cause });
  }
}

/**
 * Listens on exactly one address; a second server on the same port is refused, not silently shared.
 * @throws SetupError when the address cannot be had.
 */
export function listenExclusively(uws: Uws, app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  const listen: ListenOnHost = (app.listen as unknown as ListenOnHost).bind(app);
  return new Promise((resolve, reject) => {
    listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
      if (socket) resolve(socket);
      else reject(new SetupError([`cannot listen on ${host}:${port}; is another server there?`]));
    });
  });
}

/** Runs a handler's body; uWebSockets.js ends the whole process when one throws. */
export function guarded(log: Log, handle: () => void): void {
  try {
    handle();
  } catch (err) {
    log.error({ err }, 'a handler failed');
  }
}
