/**
 * The bytes of a connection to an MQTT broker, which passes on only what a broker has to say to a client without subscriptions. Main thread.
 * The MQTT library throws where nobody can catch it, on packets that make no sense, and keeps as much of a packet as is announced.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** CONNACK, PUBACK, PINGRESP, and DISCONNECT: the upper half of the first byte. */
const expectedTypes: ReadonlySet<number> = new Set([2, 4, 13, 14]);
/** Acknowledgments may have a reason in words. */
const maxPacketBytes = 8192;
/** More than this, and this much per message or ping, could only be meant to keep us busy. */
const maxReceivedBytes = 65_536;
const maxReceivedBytesPerRequest = 1024;
/** The length of a packet takes one to four bytes, with seven bits each, the lowest ones first. */
const maxLengthBits = 28;

export class BrokerStream extends Duplex {
  readonly #socket: Socket;
  readonly #fail: (reason: string) => void;
  #leftBytes = maxReceivedBytes;
  /** Bytes of the current packet's body that are still to come; undefined while its length is read. */
  #bodyBytes: number | undefined = 0;
  #length = 0;
  #lengthBits = 0;

  /** @param fail called if the broker sends anything else; nothing more is passed on. */
  constructor(socket: Socket, fail: (reason: string) => void) {
    super();
    this.#socket = socket;
    this.#fail = fail;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
  }

  /** Something was sent that the broker answers. */
  expectAnswer(): void {
    this.#leftBytes = Math.min(maxReceivedBytes, this.#leftBytes + maxReceivedBytesPerRequest);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#leftBytes -= chunk.length;
    const issue = this.#leftBytes < 0 ? 'the broker sends more than it was asked for' : this.#check(chunk);
    if (issue !== undefined) this.#fail(issue);
    else if (!this.push(chunk)) this.#socket.pause();
  }

  /** Follows the packets through the bytes. @returns what is wrong with one. */
  #check(chunk: Buffer): string | undefined {
    for (let index = 0; index < chunk.length; ) {
      if (this.#bodyBytes === undefined) {
        const issue = this.#addToLength(chunk[index] as number);
        if (issue !== undefined) return issue;
        index += 1;
      } else if (this.#bodyBytes > 0) {
        const skipped = Math.min(this.#bodyBytes, chunk.length - index);
        this.#bodyBytes -= skipped;
        index += skipped;
      } else {
        const type = (chunk[index] as number) >> 4;
        if (!expectedTypes.has(type)) return `the broker sends a packet of type ${type}, which answers nothing`;
        [this.#bodyBytes, this.#length, this.#lengthBits] = [undefined, 0, 0];
        index += 1;
      }
    }
    return undefined;
  }

  #addToLength(byte: number): string | undefined {
    this.#length += (byte & 0x7f) * 2 ** this.#lengthBits;
    this.#lengthBits += 7;
    if (byte < 0x80) this.#bodyBytes = this.#length;
    return this.#length > maxPacketBytes || this.#lengthBits > maxLengthBits
      ? 'the broker sends a packet that is too large'
      : undefined;
  }
}
