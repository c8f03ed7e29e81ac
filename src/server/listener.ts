/** One address that the server listens on: counts its sockets, and closes them. Runs on the loop. */
import type { ListenAddress } from '../config.ts';
import { Connections, type ConnectionsParts } from './connections.ts';
import { listenExclusively, type TemplatedApp, type Uws } from './uws.ts';

export class Listener {
  /** For registering routes before {@link listen}. */
  readonly app: TemplatedApp;
  readonly connections: Connections;
  readonly #uws: Uws;
  #listening: Awaited<ReturnType<typeof listenExclusively>> | undefined;

  constructor(uws: Uws, parts: ConnectionsParts) {
    this.#uws = uws;
    this.app = uws.App();
    this.connections = new Connections(parts);
    this.connections.register(this.app);
  }

  /** @returns the address with the port in use. @throws ConfigError as {@link listenExclusively}. */
  async listen({ host, port }: ListenAddress): Promise<ListenAddress> {
    this.#listening = await listenExclusively(this.app, host, port);
    return { host, port: this.#uws.us_socket_local_port(this.#listening) };
  }

  /** Accepts no more connections; open ones stay open. */
  stopListening(): void {
    if (this.#listening !== undefined) this.#uws.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Stops listening and cuts all connections. */
  close(): void {
    this.#listening = undefined;
    this.app.close();
  }
}
