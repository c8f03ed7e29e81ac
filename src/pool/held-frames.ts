/**
 * The held frames in order of priority, and by the end of their holds. Every change takes O(log n). Pure: time is an argument.
 *
 *   kind: pipeline and generation ─► tree: sessions with the same number of frames in flight ─► lane: frames of a session ─► frame
 *
 * Whether a frame may run, and where, depends only on its kind and its session's frames in flight. Within a tree, the order of the sessions
 * changes only when one of them is charged, because all charges decay alike. So the best frame is the best of few: the first of each tree.
 */
import { IndexedHeap } from './indexed-heap.ts';
import { isBefore, PriorityNode, PriorityTree } from './priority-tree.ts';
import type { SessionShare } from './session-share.ts';
import type { FrameInfo, Held, Lane, Session, Ticket } from './ticket.ts';

/** Held frames that the same executors may run. */
interface HeldKind<Frame extends FrameInfo> {
  readonly pipelineId: string;
  /** The oldest generation that may run them. */
  readonly generation: number;
  trees: InFlightTree<Frame>[];
}

/** Those of sessions with this many frames in flight. */
interface InFlightTree<Frame extends FrameInfo> {
  readonly inFlight: number;
  readonly tree: PriorityTree<Lane<Frame>>;
}

/** A held frame that can run. */
export interface Runnable<Frame extends FrameInfo, Target> {
  readonly ticket: Ticket<Frame>;
  readonly target: Target;
  /** When the newest frame that can run arrived. */
  readonly newestMs: number;
}

/** The first of the frames of a kind that can run. */
interface First<Frame extends FrameInfo> {
  readonly node: PriorityNode<Lane<Frame>>;
  readonly isWithinShare: boolean;
  /** When the newest of the frames that can run arrived. */
  newestMs: number;
}

type MayRun = (pipelineId: string, inFlight: number) => boolean;

export class HeldFrames<Frame extends FrameInfo> {
  /** Those whose holds have not ended. */
  readonly #byEnd = new IndexedHeap<Held<Frame>>();
  /** Frames whose holds have ended, until they are removed; they can no longer run. Ascending by their ends. */
  readonly #ended = new Set<Held<Frame>>();
  /** Few: one per pipeline and generation. Empty ones stay until a new one is added. */
  #kinds: HeldKind<Frame>[] = [];
  #number = 0;

  get size(): number {
    return this.#byEnd.size + this.#ended.size;
  }

  /** All held frames, oldest first. */
  get tickets(): Ticket<Frame>[] {
    return inOrder([...this.#byEnd.all, ...this.#ended]);
  }

  /** When the next hold ends; `Infinity` if nothing is held. */
  get nextEndMs(): number {
    const [ended] = this.#ended;
    return (ended ?? this.#byEnd.first)?.key ?? Number.POSITIVE_INFINITY;
  }

  /** The held frames of a session, oldest first. */
  of(session: Session<Frame>): Ticket<Frame>[] {
    const own = [...this.#ended].filter(({ ticket }) => ticket.session === session);
    for (const { oldest } of session.lanes)
      for (let held = oldest; held !== undefined; held = held.newer) own.push(held);
    return inOrder(own);
  }

  add(ticket: Ticket<Frame>): void {
    const lane = laneOf(ticket);
    const held = new HeldFrame(ticket, lane, this.#number++);
    ticket.held = held;
    ticket.session.held += 1;
    this.#byEnd.add(held);
    held.older = lane.newest;
    if (lane.newest === undefined) lane.oldest = held;
    else lane.newest.newer = held;
    lane.newest = held;
    lane.frames += 1;
    this.#place(lane);
  }

  /** @returns whether the frame was held. */
  remove(ticket: Ticket<Frame>): boolean {
    const { held, session } = ticket;
    if (held === undefined) return false;
    ticket.held = undefined;
    session.held -= 1;
    if (held.index < 0) this.#ended.delete(held);
    else this.#withdraw(held);
    return true;
  }

  /** To be called after a session was charged, or the number of its frames in flight or its generation has changed. */
  update({ lanes }: Session<Frame>): void {
    for (const lane of lanes) if (lane.frames > 0) this.#place(lane);
  }

  /** Frames whose holds have ended no longer count, except in `size`, `tickets`, and `of`. */
  endHolds(nowMs: number): void {
    for (let first = this.#byEnd.first; first !== undefined && first.key <= nowMs; first = this.#byEnd.first) {
      this.#withdraw(first);
      this.#ended.add(first);
    }
  }

  /** The frames whose holds have ended, oldest first. */
  endedBy(nowMs: number): Ticket<Frame>[] {
    this.endHolds(nowMs);
    return inOrder([...this.#ended]);
  }

  /**
   * The frame that goes first among those that can run now: of sessions within their fair share if there are any, then by priority.
   * @param targetFor where frames of a kind can run; undefined if they cannot.
   * @param mayRun whether a session with this many frames in flight may run another one.
   * @param fairInFlight frames that a session within its share may have in flight.
   */
  firstRunnable<Target>(
    targetFor: (pipelineId: string, generation: number) => Target | undefined,
    mayRun: MayRun,
    fairInFlight: number,
  ): Runnable<Frame, Target> | undefined {
    let best: First<Frame> | undefined;
    let target: Target | undefined;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const kind of this.#kinds) {
      const targetOfKind = isEmpty(kind) ? undefined : targetFor(kind.pipelineId, kind.generation);
      const first = targetOfKind === undefined ? undefined : firstOf(kind, mayRun, fairInFlight);
      if (first === undefined) continue;
      newestMs = Math.max(newestMs, first.newestMs);
      if (best !== undefined && !goesBefore(first, best)) continue;
      best = first;
      target = targetOfKind;
    }
    const ticket = best?.node.item.oldest?.ticket;
    return ticket === undefined || target === undefined ? undefined : { ticket, target, newestMs };
  }

  /**
   * Time that the frames take which go before a new frame of a session.
   * @param serviceMs how long a frame of a pipeline occupies a worker.
   */
  msBefore({ share }: Session<Frame>, serviceMs: (pipelineId: string) => number): number {
    let sumMs = 0;
    for (const kind of this.#kinds) {
      const frames = framesBefore(kind, share);
      if (frames > 0) sumMs += frames * serviceMs(kind.pipelineId);
    }
    return sumMs;
  }

  /** Whether a new frame of a session goes before those of all others. */
  isFirst({ share, lanes }: Session<Frame>): boolean {
    let others = 0;
    for (const kind of this.#kinds) others += framesBefore(kind, share);
    for (const { frames } of lanes) others -= frames;
    return others === 0;
  }

  /** Puts a lane where it belongs now. */
  #place(lane: Lane<Frame>): void {
    const { node, oldest, newest, session, frames } = lane;
    lane.tree?.remove(node);
    lane.tree = undefined;
    if (oldest === undefined || newest === undefined) return;
    node.charge = session.share.chargeOrder;
    node.startedAtMs = session.share.startedAtMs;
    node.number = oldest.number;
    node.frames = frames;
    node.newestMs = newest.ticket.arrivedMs;
    lane.tree = this.#treeFor(lane);
    lane.tree.add(node);
  }

  #treeFor({ pipelineId, session: { generation, share } }: Lane<Frame>): PriorityTree<Lane<Frame>> {
    const kind = this.#kindFor(pipelineId, generation);
    const existing = kind.trees.find(({ inFlight }) => inFlight === share.inFlight);
    if (existing !== undefined) return existing.tree;
    const tree = new PriorityTree<Lane<Frame>>();
    kind.trees = [...kind.trees.filter((each) => !each.tree.isEmpty), { inFlight: share.inFlight, tree }];
    return tree;
  }

  #kindFor(pipelineId: string, generation: number): HeldKind<Frame> {
    const existing = this.#kinds.find((kind) => kind.pipelineId === pipelineId && kind.generation === generation);
    if (existing !== undefined) return existing;
    const kind = { pipelineId, generation, trees: [] };
    this.#kinds = [...this.#kinds.filter((each) => !isEmpty(each)), kind];
    return kind;
  }

  /** Removes a frame from its lane and from those whose holds will end. */
  #withdraw(held: Held<Frame>): void {
    const { lane, older, newer } = held;
    this.#byEnd.remove(held);
    if (older === undefined) lane.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) lane.newest = older;
    else newer.older = older;
    lane.frames -= 1;
    this.#place(lane);
  }
}

function framesBefore<Frame extends FrameInfo>({ trees }: HeldKind<Frame>, share: SessionShare): number {
  let frames = 0;
  for (const { tree } of trees) frames += tree.framesBefore(share.chargeOrder, share.startedAtMs);
  return frames;
}

function isEmpty<Frame extends FrameInfo>({ trees }: HeldKind<Frame>): boolean {
  for (const { tree } of trees) if (!tree.isEmpty) return false;
  return true;
}

function firstOf<Frame extends FrameInfo>(
  { pipelineId, trees }: HeldKind<Frame>,
  mayRun: MayRun,
  fairInFlight: number,
): First<Frame> | undefined {
  let best: First<Frame> | undefined;
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const { inFlight, tree } of trees) {
    const node = mayRun(pipelineId, inFlight) ? tree.first : undefined;
    if (node === undefined) continue;
    newestMs = Math.max(newestMs, tree.newestMs);
    const first = { node, isWithinShare: inFlight < fairInFlight, newestMs };
    if (best === undefined || goesBefore(first, best)) best = first;
  }
  if (best !== undefined) best.newestMs = newestMs;
  return best;
}

function goesBefore<Frame extends FrameInfo>(a: First<Frame>, b: First<Frame>): boolean {
  return a.isWithinShare === b.isWithinShare ? isBefore(a.node, b.node) : a.isWithinShare;
}

function inOrder<Frame extends FrameInfo>(held: Held<Frame>[]): Ticket<Frame>[] {
  return held.sort((a, b) => a.number - b.number).map(({ ticket }) => ticket);
}

class HeldFrame<Frame extends FrameInfo> implements Held<Frame> {
  readonly ticket: Ticket<Frame>;
  readonly lane: Lane<Frame>;
  readonly number: number;
  /** When its hold ends. */
  key: number;
  index = -1;
  older: Held<Frame> | undefined = undefined;
  newer: Held<Frame> | undefined = undefined;

  constructor(ticket: Ticket<Frame>, lane: Lane<Frame>, number: number) {
    this.ticket = ticket;
    this.lane = lane;
    this.number = number;
    this.key = ticket.holdEndMs;
  }
}

function laneOf<Frame extends FrameInfo>({ session, frame: { pipelineId } }: Ticket<Frame>): Lane<Frame> {
  const existing = session.lanes.find((lane) => lane.pipelineId === pipelineId);
  if (existing !== undefined) return existing;
  const lane = new SessionLane(session, pipelineId);
  session.lanes.push(lane);
  return lane;
}

class SessionLane<Frame extends FrameInfo> implements Lane<Frame> {
  readonly session: Session<Frame>;
  readonly pipelineId: string;
  readonly node: PriorityNode<Lane<Frame>> = new PriorityNode<Lane<Frame>>(this);
  tree: PriorityTree<Lane<Frame>> | undefined = undefined;
  oldest: Held<Frame> | undefined = undefined;
  newest: Held<Frame> | undefined = undefined;
  frames = 0;

  constructor(session: Session<Frame>, pipelineId: string) {
    this.session = session;
    this.pipelineId = pipelineId;
  }
}
