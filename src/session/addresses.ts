/** What peers of one address use together: sessions, bytes in receipt, frames a second. Main thread. */

export interface AddressLimits {
  /** Sessions that one address may have open. */
  readonly maxSessionsPerAddress: number;
  /** Frames that one address may send in a second, over all its sessions and requests. */
  readonly maxFramesPerSecond: number;
  /** Bytes of HTTP bodies that are in receipt at once, of all addresses. */
  readonly maxReceivingBytes: number;
  /** The largest frame; one may always come from each address. */
  readonly maxFrameBytes: number;
}

/** Opening a session costs the loop about as much as so many frames that are dropped. */
const framesPerConnect = 4;

/** No address has more than this part of the bytes in receipt. */
const maxAddressReceiveShare = 0.25;

const msPerSecond = 1000;

/**
 * Frames are counted over this long. In longer windows a flood from many sessions would have its whole second at once, which the loop
 * takes in without a break; in shorter ones cameras that connect together would count as one.
 */
export const rateWindowMs = 250;

/** One address, shared by everything that came from it. */
export class Address {
  readonly name: string;
  readonly #limits: AddressLimits;
  /** Frames that it may send now; refilled with time, up to those of one window. */
  #tokens: number;
  #refilledMs: number;
  sessions = 0;
  receivingBytes = 0;
  /** Sockets and requests that refer to it. */
  refCount = 0;

  constructor(name: string, limits: AddressLimits, nowMs: number) {
    this.name = name;
    this.#limits = limits;
    this.#tokens = framesPerWindow(limits);
    this.#refilledMs = nowMs;
  }

  get hasRoomForSession(): boolean {
    return this.sessions < this.#limits.maxSessionsPerAddress;
  }

  /** Counts a frame. @returns false when the address sends more than it may. */
  takeFrame(nowMs: number): boolean {
    return this.#take(1, nowMs);
  }

  /** Counts a new connection, as the frames whose time it costs. @returns false when the address may not have it yet. */
  takeConnect(nowMs: number): boolean {
    return this.#take(framesPerConnect, nowMs);
  }

  /** Whether a session of so many frames in the window that is being counted has more than its part of what the address may send. */
  isAboveShare(framesOfSession: number): boolean {
    return framesOfSession * Math.max(1, this.sessions) > framesPerWindow(this.#limits);
  }

  /** Bytes of bodies that may still come from here, as far as this address is concerned. */
  get freeReceivingBytes(): number {
    const { maxReceivingBytes, maxFrameBytes } = this.#limits;
    return Math.max(maxReceivingBytes * maxAddressReceiveShare, maxFrameBytes) - this.receivingBytes;
  }

  /** Whether nothing would be lost by forgetting it. */
  isForgettable(nowMs: number): boolean {
    return this.refCount === 0 && nowMs - this.#refilledMs >= rateWindowMs;
  }

  #take(frames: number, nowMs: number): boolean {
    const refill = ((nowMs - this.#refilledMs) * this.#limits.maxFramesPerSecond) / msPerSecond;
    this.#tokens = Math.min(framesPerWindow(this.#limits), this.#tokens + refill);
    this.#refilledMs = nowMs;
    if (this.#tokens < frames) return false;
    this.#tokens -= frames;
    return true;
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

  /** Bytes of HTTP bodies that are in receipt now, of all addresses. */
  get receivingBytes(): number {
    return this.#receivingBytes;
  }

  /** The address of a socket or a request, until {@link leave}. */
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

  /** Whether a body of so many bytes could be received now. */
  canReceive(address: Address, bytes: number): boolean {
    const free = Math.min(this.#limits.maxReceivingBytes - this.#receivingBytes, address.freeReceivingBytes);
    return bytes <= free;
  }

  /** Counts bytes of a body. @returns false, and counts nothing, where there is no room for them. */
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

  /** Forgets addresses that nothing refers to. Called every now and then. */
  removeUnused(nowMs: number): void {
    for (const [name, address] of this.#byName) if (address.isForgettable(nowMs)) this.#byName.delete(name);
  }
}
