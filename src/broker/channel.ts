/** What gateways and hosts use of the broker: messages to and from subjects. Types only. */

/** A message with the value of its one header, which belongs to this project. */
export interface BrokerMessage {
  readonly subject: string;
  /** Where to reply to; empty if no reply is expected. */
  readonly reply: string;
  /** Empty without one. */
  readonly header: string;
  /** Valid until the handler returns. */
  readonly bytes: Uint8Array;
  /** Nobody receives messages on the subject of a request; sent by the broker to its reply subject. */
  readonly isUndelivered: boolean;
}

/** What gateways and hosts use of the broker. */
export interface Channel {
  readonly isConnected: boolean;
  /**
   * Sends a message.
   * @param bytes must not change until the current task of the event loop has ended.
   * @returns false if it was not sent: the broker is not connected, or takes no message of this size.
   */
  publish(subject: string, bytes: Uint8Array | string, options?: PublishOptions): boolean;
  /** Receives messages from now on, also after a reconnection. */
  subscribe(subject: string, receive: (message: BrokerMessage) => void): void;
  /** Called with each change of `isConnected`, and at once if it is connected already. */
  onChange(changed: (isConnected: boolean) => void): void;
}

export interface PublishOptions {
  readonly reply?: string;
  readonly header?: string;
}
