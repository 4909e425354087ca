/** Something that waits for its turn. */
export interface Waiting {
  /** Calls with the same turn (one operation's) stand behind each other; turns go round. */
  readonly turn: object;
  readonly rank: 'write' | 'read' | 'renewal';
  /** What a renewal has of it decides which one is next. */
  readonly weight: () => number;
}

/**
 * Writes first, in order; then reads, one of each operation in turn; when nobody else waits renewals, the one of the most
 * weight first.
 */
export interface FairQueue<Item extends Waiting> {
  readonly size: number;
  /** Whether others than renewals wait. */
  readonly isUrgent: boolean;
  add(item: Item): void;
  remove(item: Item): boolean;
  /** Takes out the next in turn. */
  next(): Item | undefined;
  all(): Item[];
  /** How many would start before the item if it were added now. */
  ahead(item: Pick<Waiting, 'turn' | 'rank'>): number;
}

export function createFairQueue<Item extends Waiting>(): FairQueue<Item> {
  // Sets keep their order and forget a leaver at once.
  const writes = new Set<Item>();
  const reads = new Map<object, Set<Item>>();
  const renewals = new Set<Item>();
  let readCount = 0;

  const removeRead = (item: Item): boolean => {
    const own = reads.get(item.turn);
    if (!own?.delete(item)) return false;
    readCount -= 1;
    if (own.size === 0) reads.delete(item.turn);
    return true;
  };

  return {
    get size() {
      return writes.size + readCount + renewals.size;
    },
    get isUrgent() {
      return writes.size + readCount > 0;
    },
    add(item) {
      if (item.rank === 'write') writes.add(item);
      else if (item.rank === 'renewal') renewals.add(item);
      else {
        const own = reads.get(item.turn);
        if (own) own.add(item);
        else reads.set(item.turn, new Set([item]));
        readCount += 1;
      }
    },
    remove(item) {
      return writes.delete(item) || renewals.delete(item) || removeRead(item);
    },
    next() {
      const [write] = writes;
      if (write) {
        writes.delete(write);
        return write;
      }
      const [turn] = reads;
      if (turn) {
        const [operation, own] = turn;
        const [read] = own as unknown as [Item];
        removeRead(read);
        // The operation goes to the back of the round.
        if (reads.delete(operation)) reads.set(operation, own);
        return read;
      }
      const renewal = heaviest(renewals);
      if (renewal) renewals.delete(renewal);
      return renewal;
    },
    all: () => [...writes, ...[...reads.values()].flatMap((own) => [...own]), ...renewals],
    ahead({ turn, rank }) {
      if (rank === 'write') return writes.size;
      if (rank === 'renewal') return writes.size + readCount + renewals.size;
      const own = reads.get(turn)?.size ?? 0;
      let before = writes.size + own;
      for (const [operation, others] of reads)
        if (operation !== turn) before += Math.min(others.size, own + 1);
      return before;
    },
  };
}

/** The first of those that weigh the most. There are too few of them, and they start too seldom, for more than a look at each. */
function heaviest<Item extends Waiting>(items: Iterable<Item>): Item | undefined {
  let found: Item | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const weight = item.weight();
    if (weight <= most) continue;
    found = item;
    most = weight;
  }
  return found;
}
