/** Rate limit for log lines: a peer that causes one per message must neither fill the disk nor hide the others. Main thread. */

/** Lines of one event per window. */
export interface LineLimits {
  readonly maxLines: number;
  /** Of these, lines caused by one address: it could give its cameras ever new names. */
  readonly maxLinesPerAddress: number;
  /** Of these, lines caused by one camera. */
  readonly maxLinesPerCamera: number;
  /** Of these, lines caused by all clients of one address that give no camera name. */
  readonly maxLinesUnnamed: number;
  readonly windowMs: number;
}

/** Allows every camera of a large site to connect at once, and a single camera one line in six seconds continuously. */
export const defaultLineLimits: LineLimits = {
  maxLines: 300,
  maxLinesPerAddress: 280,
  maxLinesPerCamera: 10,
  maxLinesUnnamed: 100,
  windowMs: 60_000,
};

/** Who caused a line, as far as it is known. */
export interface Peer {
  readonly camera: string | undefined;
  readonly address: string;
}

export interface OmittedLines {
  readonly event: string;
  readonly lines: number;
  /** Who caused most of them, and how many; undefined if no peer did. */
  readonly most: (Peer & { readonly lines: number }) | undefined;
}

interface PeerCounts extends Peer {
  admitted: number;
  omitted: number;
}

interface Window {
  readonly endMs: number;
  admitted: number;
  omitted: number;
  readonly addresses: Map<string, number>;
  /** Peers whose lines were admitted, so there are never more than admitted lines. */
  readonly peers: Map<string, PeerCounts>;
}

export class LineLimit {
  readonly #limits: LineLimits;
  readonly #windows = new Map<string, Window>();

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** @returns whether the line may be written. Call `takeOmitted` first, or the count of an expired window is lost. */
  admit(event: string, peer: Peer | undefined, nowMs: number): boolean {
    const window = this.#windowOf(event, nowMs);
    const counts = peer === undefined ? undefined : window.peers.get(keyOf(peer));
    if (!this.#hasRoom(window, peer, counts)) {
      window.omitted += 1;
      if (counts !== undefined) counts.omitted += 1;
      return false;
    }
    window.admitted += 1;
    if (counts !== undefined) counts.admitted += 1;
    else if (peer !== undefined) window.peers.set(keyOf(peer), { ...peer, admitted: 1, omitted: 0 });
    if (peer !== undefined) window.addresses.set(peer.address, (window.addresses.get(peer.address) ?? 0) + 1);
    return true;
  }

  /** Removes expired windows. @returns the lines omitted in them. */
  takeOmitted(nowMs: number): OmittedLines[] {
    const ended = [...this.#windows].filter(([, { endMs }]) => endMs <= nowMs);
    for (const [event] of ended) this.#windows.delete(event);
    return ended.flatMap(([event, window]) =>
      window.omitted > 0 ? [{ event, lines: window.omitted, most: mostOmittedOf(window) }] : [],
    );
  }

  #hasRoom(window: Window, peer: Peer | undefined, counts: PeerCounts | undefined): boolean {
    const { maxLines, maxLinesPerAddress, maxLinesPerCamera, maxLinesUnnamed } = this.#limits;
    if (window.admitted >= maxLines) return false;
    if (peer === undefined) return true;
    if ((window.addresses.get(peer.address) ?? 0) >= maxLinesPerAddress) return false;
    return (counts?.admitted ?? 0) < (peer.camera === undefined ? maxLinesUnnamed : maxLinesPerCamera);
  }

  #windowOf(event: string, nowMs: number): Window {
    const open = this.#windows.get(event);
    if (open !== undefined && open.endMs > nowMs) return open;
    const endMs = nowMs + this.#limits.windowMs;
    const window: Window = { endMs, admitted: 0, omitted: 0, addresses: new Map(), peers: new Map() };
    this.#windows.set(event, window);
    return window;
  }
}

function keyOf({ camera, address }: Peer): string {
  return JSON.stringify([address, camera]);
}

function mostOmittedOf({ peers }: Window): OmittedLines['most'] {
  const most = [...peers.values()].reduce<PeerCounts | undefined>(
    (best, each) => (each.omitted > (best?.omitted ?? 0) ? each : best),
    undefined,
  );
  return most && { camera: most.camera, address: most.address, lines: most.omitted };
}
