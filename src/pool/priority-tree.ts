/**
 * Sessions with held frames in order of priority. Finds the first one, the frames before a place, and the newest frame, and takes
 * O(log n) for each change. Pure.
 *
 * A treap: a search tree by priority that is also a heap by a random number, so its expected depth is logarithmic whatever the order of
 * insertion (Seidel and Aragon, "Randomized search trees", 1996). Each node sums up its subtree.
 */

/** The session that is owed the most worker time goes first, then the one served longest ago, then the frame held first. */
export interface Priority {
  /** Order of the worker time charged to the session. */
  readonly charge: number;
  readonly startedAtMs: number;
  /** Unique, and ascending in the order of holds. */
  readonly number: number;
}

export function isBefore(a: Priority, b: Priority): boolean {
  if (a.charge !== b.charge) return a.charge < b.charge;
  return a.startedAtMs === b.startedAtMs ? a.number < b.number : a.startedAtMs < b.startedAtMs;
}

/** An item's place in a tree. Its priority is a copy: it stays the same while the node is in the tree. */
export class PriorityNode<Item> implements Priority {
  readonly item: Item;
  charge = 0;
  startedAtMs = 0;
  number = 0;
  /** Frames of the item, and when the newest of them arrived. */
  frames = 0;
  newestMs = 0;
  readonly height = Math.random();
  /** The same for the whole subtree. */
  subtreeFrames = 0;
  subtreeNewestMs = 0;
  left: PriorityNode<Item> | undefined = undefined;
  right: PriorityNode<Item> | undefined = undefined;

  constructor(item: Item) {
    this.item = item;
  }
}

export class PriorityTree<Item> {
  #root: PriorityNode<Item> | undefined;

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  /** The node that goes first. */
  get first(): PriorityNode<Item> | undefined {
    let first = this.#root;
    while (first?.left !== undefined) first = first.left;
    return first;
  }

  /** When the newest frame arrived; `-Infinity` without frames. */
  get newestMs(): number {
    return this.#root?.subtreeNewestMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds a node that is in no tree, after its priority and its frames have been set. */
  add(node: PriorityNode<Item>): void {
    this.#root = insert(this.#root, node);
  }

  /** Removes a node of this tree. */
  remove(node: PriorityNode<Item>): void {
    this.#root = withdraw(this.#root, node);
    node.left = undefined;
    node.right = undefined;
  }

  /** Number of frames that go before a new frame of a session with this charge that was last started then. */
  framesBefore(charge: number, startedAtMs: number): number {
    let frames = 0;
    for (let node = this.#root; node !== undefined; ) {
      const isAhead = node.charge < charge || (node.charge === charge && node.startedAtMs <= startedAtMs);
      if (isAhead) frames += node.frames + (node.left?.subtreeFrames ?? 0);
      node = isAhead ? node.right : node.left;
    }
    return frames;
  }
}

type Subtree<Item> = PriorityNode<Item> | undefined;

function insert<Item>(root: Subtree<Item>, node: PriorityNode<Item>): PriorityNode<Item> {
  if (root === undefined || node.height > root.height) {
    split(root, node);
    return summed(node);
  }
  if (isBefore(node, root)) root.left = insert(root.left, node);
  else root.right = insert(root.right, node);
  return summed(root);
}

/** Splits a subtree into what goes before and after a node, which become the node's own subtrees. */
function split<Item>(root: Subtree<Item>, node: PriorityNode<Item>): void {
  if (root === undefined) return;
  if (isBefore(node, root)) {
    split(root.left, node);
    root.left = node.right;
    node.right = summed(root);
  } else {
    split(root.right, node);
    root.right = node.left;
    node.left = summed(root);
  }
}

function withdraw<Item>(root: Subtree<Item>, node: PriorityNode<Item>): Subtree<Item> {
  if (root === undefined) throw new Error('node is not in the tree');
  if (root === node) return join(node.left, node.right);
  if (isBefore(node, root)) root.left = withdraw(root.left, node);
  else root.right = withdraw(root.right, node);
  return summed(root);
}

/** Joins two subtrees; all of the first goes before all of the second. */
function join<Item>(a: Subtree<Item>, b: Subtree<Item>): Subtree<Item> {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a.height > b.height) {
    a.right = join(a.right, b);
    return summed(a);
  }
  b.left = join(a, b.left);
  return summed(b);
}

function summed<Item>(node: PriorityNode<Item>): PriorityNode<Item> {
  const { left, right } = node;
  node.subtreeFrames = node.frames;
  node.subtreeNewestMs = node.newestMs;
  if (left !== undefined) addSubtree(node, left);
  if (right !== undefined) addSubtree(node, right);
  return node;
}

function addSubtree<Item>(node: PriorityNode<Item>, child: PriorityNode<Item>): void {
  node.subtreeFrames += child.subtreeFrames;
  if (child.subtreeNewestMs > node.subtreeNewestMs) node.subtreeNewestMs = child.subtreeNewestMs;
}
