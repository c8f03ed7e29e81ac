/** A WebSocket without a network; the test is its peer. Tests only. */
import { Client, type ClientEvents, type ConnectOptions } from '../../src/client/client.ts';
import type { Frame, OpenSocket, Socket, SocketEvents } from '../../src/client/session.ts';

export class FakeSocket implements Socket {
  readonly url: string;
  readonly events: SocketEvents;
  readonly sent: Frame[] = [];
  bufferedAmount = 0;
  readyState = 1;
  isClosed = false;

  constructor(url: string, events: SocketEvents) {
    this.url = url;
    this.events = events;
  }

  send(frame: Frame): void {
    if (this.isClosed) throw new Error('sent after close');
    this.sent.push(frame);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The gateway sends this message. */
  say(message: unknown): void {
    this.events.received(JSON.stringify(message));
  }

  result(index: number): void {
    this.say({ frame_index: index, result: { width: 1, height: 1, timings_ms: { total: 1 } } });
  }

  drop(index: number): void {
    this.say({ frame_index: index, dropped: true });
  }

  /** The gateway asks the client to move. */
  move(reason = 'session age'): void {
    this.readyState = 2;
    this.events.closed(`Connection closed (1001, ${reason})`, { code: 1001, reason });
  }

  /** The gateway ends the session with this error. */
  fail(error: string): void {
    this.say({ error, detail: `detail of ${error}` });
    this.events.closed('Connection closed (1008)');
  }
}

type RecordedEvent = {
  [Name in keyof ClientEvents]: { readonly name: Name; readonly event: ClientEvents[Name] };
}[keyof ClientEvents];

const names = ['sent', 'result', 'dropped', 'skipped', 'lost', 'slow_down', 'state', 'error'] as const;

/** A client with its sockets, newest last, and all its events. */
export class FakeGateway {
  readonly sockets: FakeSocket[] = [];
  readonly recorded: RecordedEvent[] = [];
  readonly client: Client;

  constructor(options: Partial<ConnectOptions> = {}) {
    const open: OpenSocket = (url, events) => {
      const socket = new FakeSocket(url, events);
      this.sockets.push(socket);
      return socket;
    };
    this.client = new Client({ url: 'ws://gateway', pipeline: 'echo', ...options }, open);
    for (const name of names) this.client.on(name, (event) => this.recorded.push({ name, event } as RecordedEvent));
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  events<Name extends keyof ClientEvents>(name: Name): ClientEvents[Name][] {
    return this.recorded.filter((entry) => entry.name === name).map(({ event }) => event as ClientEvents[Name]);
  }

  /** Waits for the next connection attempt. */
  async reconnected(): Promise<FakeSocket> {
    const before = this.sockets.length;
    while (this.sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.socket;
  }
}
