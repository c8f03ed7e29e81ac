/** Loads uWebSockets.js; no other file imports it. Main thread. */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { type AddressInfo, createServer } from 'node:net';
import { ConfigError, StartError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import { urlHost } from '../url-host.ts';

export type { HttpRequest, HttpResponse, TemplatedApp, WebSocket };

/** The parts of the module in use; the types of the repack declare `listen` with fewer arguments. */
export type Uws = Pick<
  typeof import('uWebSockets.js'),
  'App' | 'SSLApp' | 'us_listen_socket_close' | 'us_socket_local_port'
>;
type ListenOnHost = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

/** uWebSockets.js has no option for this limit: it reads the environment once, on load. */
const headerLimitVariable = 'UWS_HTTP_MAX_HEADERS_SIZE';

/**
 * @param maxHeaderBytes maximum size of a request's first line and headers together; only the first call in a process has an effect.
 * @throws ConfigError with one line if there is no build for this Node or platform.
 */
export async function loadUws(maxHeaderBytes: number): Promise<Uws> {
  process.env[headerLimitVariable] = String(maxHeaderBytes);
  try {
    return (await import('uWebSockets.js')) as unknown as Uws;
  } catch (cause) {
    const here = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
    throw new ConfigError(
      [`uWebSockets.js has no build for ${here}; start it with the bundled Node, node_modules/.bin/node`],
      { cause },
    );
  }
}

/** @throws Error if uWebSockets.js cannot use the certificate; `readCertificate` finds out why. TLS is version 1.2 or newer. */
export function createApp(
  uws: Uws,
  tls: { readonly certFile: string; readonly keyFile: string } | undefined,
): TemplatedApp {
  if (tls === undefined) return uws.App();
  return uws.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile });
}

/** Default options: SO_REUSEADDR and SO_REUSEPORT. */
const listenDefault = 0;

/**
 * Listens on exactly one address; a second server on the same port is refused instead of sharing it.
 * uWebSockets.js has an option for exclusive listening, but with it no server can bind the port while connections of its predecessor are
 * in TIME_WAIT, which takes a minute. It therefore listens with its default, which would share the port, after Node has checked that the
 * port is free. Node also reports why listening fails; uWebSockets.js does not.
 * @throws ConfigError if the address can never work with this configuration; StartError if it may work later.
 */
export async function listenExclusively(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  return shareAddress(app, host, await probeAddress(host, port));
}

/**
 * Listens on an address that this process may listen on already: then both accept connections.
 * @throws StartError if that is not possible.
 */
export async function shareAddress(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  const listen: ListenOnHost = (app.listen as unknown as ListenOnHost).bind(app);
  const socket = await new Promise<us_listen_socket | false>((resolve) => listen(host, port, listenDefault, resolve));
  if (!socket) throw new StartError([`cannot listen on ${urlHost(host)}:${port}`]);
  return socket;
}

/**
 * Checks that the port is free and the address belongs to this machine. Node listens with SO_REUSEADDR and does not share ports.
 * @returns the port, or a free one for port 0: uWebSockets.js would choose one that it cannot share later.
 */
function probeAddress(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(listenError(host, port, error)));
    probe.listen({ host, port, exclusive: true }, () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
}

/** Explanation per error code, and whether only a configuration change helps. */
const listenErrors: Readonly<Record<string, { readonly text: string; readonly isConfigError?: true }>> = {
  EADDRINUSE: { text: 'port already in use' },
  EADDRNOTAVAIL: { text: 'this machine has no such address, or not yet' },
  EAI_AGAIN: { text: 'temporary DNS failure' },
  EMFILE: { text: 'the process has no file descriptor left; raise its limit (ulimit -n)' },
  ENFILE: { text: 'the machine has no file descriptor left' },
  EACCES: { text: 'ports below 1024 need a privilege (CAP_NET_BIND_SERVICE)', isConfigError: true },
  ENOTFOUND: { text: 'no such host', isConfigError: true },
  EAFNOSUPPORT: { text: 'address family not supported (is IPv6 disabled?)', isConfigError: true },
};

/** @param cause the error from Node. @returns an error with one line. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): ConfigError {
  const { text, isConfigError } = listenErrors[cause.code ?? ''] ?? { text: cause.code ?? cause.message };
  const line = `cannot listen on ${urlHost(host)}:${port}; ${text}`;
  return isConfigError ? new ConfigError([line], { cause }) : new StartError([line], { cause });
}

/** Runs the body of a handler; uWebSockets.js ends the process if a handler throws. */
export function guarded(log: Log, handle: () => void): void {
  try {
    handle();
  } catch (err) {
    log.error('unexpected_error', { err }, 'handler threw');
  }
}
