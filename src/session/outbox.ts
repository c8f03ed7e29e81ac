/** What a session needs of its socket. Main thread. */

/** Sends messages to the peer. */
export interface Outbox {
  send(message: string): void;
  /** Sends a ping, which the peer answers with a pong of the same payload. */
  ping(payload: string): void;
  /** Bytes sent but not yet transmitted to the peer. */
  bufferedBytes(): number;
  /** Closes the connection after everything sent so far; nothing may be sent afterwards. `reason` is part of the close frame. */
  close(code: number, reason?: string): void;
  /** Closes the connection immediately, discarding an incomplete message. */
  abort(): void;
}
