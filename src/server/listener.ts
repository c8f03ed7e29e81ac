/** One address that the server listens on, with TLS or without: counts its sockets, and closes them. Runs on the loop. */
import type { ListenAddress } from '../config.ts';
import { Connections, type ConnectionsParts } from './connections.ts';
import type { TlsFiles } from './tls.ts';
import { createApp, listenExclusively, shareAddress, type TemplatedApp, type Uws } from './uws.ts';

export interface ListenerParts extends ConnectionsParts {
  /** Undefined for plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Registers the routes, again for each certificate. */
  readonly register: (app: TemplatedApp) => void;
}

type ListenSocket = Awaited<ReturnType<typeof listenExclusively>>;

export class Listener {
  readonly connections: Connections;
  readonly #uws: Uws;
  readonly #parts: ListenerParts;
  /** The newest accepts connections. Older ones have an older certificate and keep the connections that they have accepted. */
  readonly #apps: TemplatedApp[] = [];
  #listening: { readonly socket: ListenSocket; readonly address: ListenAddress } | undefined;

  constructor(uws: Uws, parts: ListenerParts) {
    this.#uws = uws;
    this.#parts = parts;
    this.connections = new Connections(parts);
  }

  /** @returns the address with the port in use. @throws ConfigError as {@link listenExclusively}. */
  async listen({ host, port }: ListenAddress): Promise<ListenAddress> {
    const socket = await listenExclusively(this.#newApp(), host, port);
    const address = { host, port: this.#uws.us_socket_local_port(socket) };
    this.#listening = { socket, address };
    return address;
  }

  /**
   * Uses the certificate that is in the files now for new connections; open ones go on. uWebSockets.js reads a certificate only once, so
   * another app takes over the address.
   * @throws StartError if that fails; the old certificate then stays in use.
   */
  async renewCertificate(): Promise<void> {
    if (this.#listening === undefined || this.#parts.tls === undefined) return;
    const { socket: old, address } = this.#listening;
    const socket = await shareAddress(this.#newApp(), address.host, address.port);
    this.#listening = { socket, address };
    this.#uws.us_listen_socket_close(old);
  }

  /** Accepts no more connections; open ones stay open. */
  stopListening(): void {
    if (this.#listening !== undefined) this.#uws.us_listen_socket_close(this.#listening.socket);
    this.#listening = undefined;
  }

  /** Stops listening and cuts all connections. */
  close(): void {
    this.#listening = undefined;
    for (const app of this.#apps) app.close();
  }

  #newApp(): TemplatedApp {
    const app = createApp(this.#uws, this.#parts.tls);
    this.connections.register(app);
    this.#parts.register(app);
    this.#apps.push(app);
    return app;
  }
}
