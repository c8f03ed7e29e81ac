/** A broker in memory: subjects with wildcards, and connections that come and go. Tests only. */
import type { BrokerMessage, Channel, PublishOptions } from '../../src/broker/channel.ts';

interface Subscription {
  readonly channel: FakeChannel;
  readonly pattern: readonly string[];
  readonly receive: (message: BrokerMessage) => void;
}

/** Delivers messages in order, each in a task of its own, and never to their sender. */
export class FakeBroker {
  readonly #subscriptions: Subscription[] = [];
  readonly published: { readonly subject: string; readonly text: string; readonly header: string }[] = [];

  /** A new connection. */
  connect(): FakeChannel {
    return new FakeChannel(this);
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions.push(subscription);
  }

  deliver(sender: FakeChannel, message: BrokerMessage): void {
    this.published.push({ subject: message.subject, text: textOf(message), header: message.header });
    queueMicrotask(() => {
      const receivers = this.#subscriptions.filter(
        ({ channel, pattern }) => channel !== sender && channel.isConnected && matches(pattern, message.subject),
      );
      for (const { receive } of receivers) receive(message);
      if (receivers.length === 0 && message.reply !== '') this.#reportUndelivered(sender, message.reply);
    });
  }

  #reportUndelivered(sender: FakeChannel, subject: string): void {
    const message = { subject, reply: '', header: '', bytes: new Uint8Array(0), isUndelivered: true };
    for (const { channel, pattern, receive } of this.#subscriptions)
      if (channel === sender && matches(pattern, subject)) receive(message);
  }
}

export class FakeChannel implements Channel {
  readonly #broker: FakeBroker;
  readonly #listeners: ((isConnected: boolean) => void)[] = [];
  #isConnected = true;
  /** Like a broker that takes only smaller messages. */
  maxBytes = Number.POSITIVE_INFINITY;

  constructor(broker: FakeBroker) {
    this.#broker = broker;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const changed of this.#listeners) changed(isConnected);
  }

  publish(subject: string, bytes: Uint8Array | string, { reply = '', header = '' }: PublishOptions = {}): boolean {
    const copy = Buffer.from(bytes);
    if (!this.#isConnected || copy.byteLength > this.maxBytes) return false;
    this.#broker.deliver(this, { subject, reply, header, bytes: copy, isUndelivered: false });
    return true;
  }

  subscribe(subject: string, receive: (message: BrokerMessage) => void): void {
    this.#broker.subscribe({ channel: this, pattern: subject.split('.'), receive });
  }

  onChange(changed: (isConnected: boolean) => void): void {
    this.#listeners.push(changed);
    if (this.#isConnected) changed(true);
  }
}

/** `*` is any token. */
function matches(pattern: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  return tokens.length === pattern.length && pattern.every((token, index) => token === '*' || token === tokens[index]);
}

function textOf({ bytes }: BrokerMessage): string {
  return Buffer.from(bytes).toString('utf8');
}
