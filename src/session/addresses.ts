/** Limits shared by all clients of one address: sessions, bytes being received, frames per second. Main thread. */
import { RateBucket } from './rate-bucket.ts';

export interface AddressLimits {
  /** Open sessions per address. */
  readonly maxSessionsPerAddress: number;
  /** Frames per second and address, over all its sessions and requests. */
  readonly maxFramesPerSecond: number;
  /** Total size of HTTP bodies being received, over all addresses. */
  readonly maxReceivingBytes: number;
  /** Maximum frame size; every address may always send one frame. */
  readonly maxFrameBytes: number;
}

/** Opening a session costs the loop about as much as this many dropped frames. */
const framesPerConnect = 4;

/** Maximum share of one address in the bytes being received. */
const maxAddressReceiveShare = 0.25;

const msPerSecond = 1000;

/**
 * Window for counting frames. With longer windows, a flood from many sessions could send a whole second's frames at once and block the
 * loop. With shorter ones, cameras that connect at the same time would count as a flood.
 */
export const rateWindowMs = 250;

/** One address, shared by all its sockets and requests. */
export class Address {
  readonly name: string;
  readonly #limits: AddressLimits;
  /** Frames; refilled over time, up to one window's worth. */
  readonly #frames: RateBucket;
  sessions = 0;
  receivingBytes = 0;
  /** Sockets and requests that refer to this address. */
  refCount = 0;

  constructor(name: string, limits: AddressLimits, nowMs: number) {
    this.name = name;
    this.#limits = limits;
    this.#frames = new RateBucket(framesPerWindow(limits), nowMs);
  }

  get hasRoomForSession(): boolean {
    return this.sessions < this.#limits.maxSessionsPerAddress;
  }

  /** Counts a frame. @returns false if the address exceeds its rate. */
  takeFrame(nowMs: number): boolean {
    return this.#take(1, nowMs);
  }

  /** Counts a new connection as the equivalent number of frames. @returns false if the address exceeds its rate. */
  takeConnect(nowMs: number): boolean {
    return this.#take(framesPerConnect, nowMs);
  }

  /** Whether a session with this many frames in the current window exceeds its share of the address's rate. */
  isAboveShare(framesOfSession: number): boolean {
    return framesOfSession * Math.max(1, this.sessions) > framesPerWindow(this.#limits);
  }

  /** Bytes of bodies that this address may still receive. */
  get freeReceivingBytes(): number {
    const { maxReceivingBytes, maxFrameBytes } = this.#limits;
    return Math.max(maxReceivingBytes * maxAddressReceiveShare, maxFrameBytes) - this.receivingBytes;
  }

  /** Whether the address can be removed without losing any state. */
  isUnused(nowMs: number): boolean {
    return this.refCount === 0 && nowMs - this.#frames.usedMs >= rateWindowMs;
  }

  #take(frames: number, nowMs: number): boolean {
    return this.#frames.take(frames, this.#limits.maxFramesPerSecond, framesPerWindow(this.#limits), nowMs);
  }
}

/** At least one connection's worth. */
function framesPerWindow({ maxFramesPerSecond }: AddressLimits): number {
  return Math.max(framesPerConnect, (maxFramesPerSecond * rateWindowMs) / msPerSecond);
}

export class Addresses {
  readonly #limits: AddressLimits;
  readonly #byName = new Map<string, Address>();
  #receivingBytes = 0;

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Total size of HTTP bodies being received, over all addresses. */
  get receivingBytes(): number {
    return this.#receivingBytes;
  }

  /** Returns the address of a socket or request, which must call {@link leave} at its end. */
  enter(name: string, nowMs: number): Address {
    let address = this.#byName.get(name);
    if (address === undefined) {
      address = new Address(name, this.#limits, nowMs);
      this.#byName.set(name, address);
    }
    address.refCount += 1;
    return address;
  }

  leave(address: Address): void {
    address.refCount -= 1;
  }

  /** Whether there is room for a body of this size. */
  canReceive(address: Address, bytes: number): boolean {
    const free = Math.min(this.#limits.maxReceivingBytes - this.#receivingBytes, address.freeReceivingBytes);
    return bytes <= free;
  }

  /** Counts bytes of a body. @returns false, without counting, if there is no room for them. */
  receive(address: Address, bytes: number): boolean {
    if (!this.canReceive(address, bytes)) return false;
    address.receivingBytes += bytes;
    this.#receivingBytes += bytes;
    return true;
  }

  release(address: Address, bytes: number): void {
    address.receivingBytes -= bytes;
    this.#receivingBytes -= bytes;
  }

  /** Removes addresses without references. Called periodically. */
  removeUnused(nowMs: number): void {
    for (const [name, address] of this.#byName) if (address.isUnused(nowMs)) this.#byName.delete(name);
  }
}
