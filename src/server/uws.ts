/** Loads uWebSockets.js; the only importer of it. Main thread. */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { createServer } from 'node:net';
import { ConfigError, StartError } from '../errors.ts';
import type { Log } from '../observe/log.ts';

export type { HttpRequest, HttpResponse, TemplatedApp, WebSocket };

/** What is used of the module; the repack's types know `listen` with fewer arguments. */
export type Uws = Pick<typeof import('uWebSockets.js'), 'App' | 'us_listen_socket_close' | 'us_socket_local_port'>;
type ListenOnHost = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

/** uWebSockets.js has no option for this limit: it looks into the environment, once, when it is loaded. */
const headerLimitVariable = 'UWS_HTTP_MAX_HEADERS_SIZE';

/**
 * @param maxHeaderBytes of a request's first line and headers together; the first call of a process decides.
 * @throws ConfigError with one line where there is no build for this Node or platform.
 */
export async function loadUws(maxHeaderBytes: number): Promise<Uws> {
  process.env[headerLimitVariable] = String(maxHeaderBytes);
  try {
    return (await import('uWebSockets.js')) as unknown as Uws;
  } catch (cause) {
    const here = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
    throw new ConfigError([`uWebSockets.js has no build for ${here}; see "Runs on" in the README`], { cause });
  }
}

/** No option: SO_REUSEADDR and SO_REUSEPORT. */
const listenDefault = 0;

/**
 * Listens on exactly one address; a second server on the same port is refused, not silently shared.
 * uWebSockets.js has an option for that, but with it no server can have the port while connections of the one before it fade, which takes
 * a minute. So it listens as it usually does, which would share the port, once it is certain that nobody is there. It also says nothing
 * of why it cannot listen, and Node does.
 * @throws ConfigError when the address can never be had as things are set up; StartError when it may be later.
 */
export async function listenExclusively(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  const listen: ListenOnHost = (app.listen as unknown as ListenOnHost).bind(app);
  await probeAddress(host, port);
  const socket = await new Promise<us_listen_socket | false>((resolve) => listen(host, port, listenDefault, resolve));
  if (!socket) throw new StartError([`cannot listen on ${host}:${port}`]);
  return socket;
}

/** Whether nobody listens there, and it is an address of this machine: Node asks with SO_REUSEADDR, and does not share. */
function probeAddress(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(listenError(host, port, error)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** What each reason means for an operator, and whether only another configuration helps. */
const listenErrors: Readonly<Record<string, { readonly text: string; readonly isConfigError?: true }>> = {
  EADDRINUSE: { text: 'is another server there?' },
  EADDRNOTAVAIL: { text: 'this machine has no such address, or not yet' },
  EAI_AGAIN: { text: 'the name server does not answer' },
  EMFILE: { text: 'the process has no file descriptor left; raise its limit (ulimit -n)' },
  ENFILE: { text: 'the machine has no file descriptor left' },
  EACCES: { text: 'ports below 1024 need a privilege (CAP_NET_BIND_SERVICE)', isConfigError: true },
  ENOTFOUND: { text: 'no such host', isConfigError: true },
  EAFNOSUPPORT: { text: 'this machine does not speak that protocol (IPv6?)', isConfigError: true },
};

/** @param cause what Node says. @returns one line for it. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): ConfigError {
  const { text, isConfigError } = listenErrors[cause.code ?? ''] ?? { text: cause.code ?? cause.message };
  const line = `cannot listen on ${host}:${port}; ${text}`;
  return isConfigError ? new ConfigError([line], { cause }) : new StartError([line], { cause });
}

/** Runs a handler's body; uWebSockets.js ends the whole process when one throws. */
export function guarded(log: Log, handle: () => void): void {
  try {
    handle();
  } catch (err) {
    log.error({ err }, 'handler threw');
  }
}
