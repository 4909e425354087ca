/** A queue in the order in which its members go on. `Rank` decides that. */
export interface Queue<Rank, Item extends Rank> {
  readonly size: number;
  add(item: Item): void;
  remove(item: Item): void;
  /** Takes out the next one that is admitted. `isByAge`: of operations, the oldest goes on. */
  next(admits: Admits<Item>, isByAge: boolean): Item | undefined;
  /** How many would go on before an item of this rank if it were added now. */
  ahead(rank: Rank): number;
  items(): readonly Item[];
}

/** Whether an item has all that it needs: then it goes on. */
export type Admits<Item> = (item: Item) => boolean;

type Queues<Rank, Item extends Rank, Key> = Map<Key, Queue<Rank, Item>>;

/**
 * Queues that take turns: in each round one of each goes on. One that is new to a round need not wait for all of the others:
 * every second turn is for the shortest such queue, if it is shorter than the one whose turn it is. So a caller that asks for
 * little hardly waits, and one that comes again and again has one turn a round as everybody else.
 *
 *     comes ──> newcomers ──turn──> served ──next round──> due ──turn──> served
 *                                     │
 *                                     └─empty─> left ──comes again──> returned ──next round──> newcomers
 */
export class RoundRobin<Rank, Item extends Rank, Key = unknown> implements Queue<Rank, Item> {
  readonly #keyOf: (rank: Rank) => Key;
  readonly #makeQueue: () => Queue<Rank, Item>;
  readonly #isOlder: ((key: Key, other: Key) => boolean) | undefined;
  /** Those that have come during the round and had no turn in it. */
  #newcomers: Queues<Rank, Item, Key> = new Map();
  /** Those that were there before, and have not had theirs. */
  #due: Queues<Rank, Item, Key> = new Map();
  /** Those that have had it, and go on in the next one. */
  #served: Queues<Rank, Item, Key> = new Map();
  /** The keys of those that have had it and were empty then. */
  readonly #left = new Set<Key>();
  /** Those of them that have come again: new to the next round. */
  #returned: Queues<Rank, Item, Key> = new Map();
  #size = 0;
  #isNewcomersTurn = true;
  /** Whether those that came during the round are counted to it already. */
  #isClosing = false;

  constructor(
    keyOf: (rank: Rank) => Key,
    makeQueue: () => Queue<Rank, Item>,
    isOlder?: (key: Key, other: Key) => boolean,
  ) {
    this.#keyOf = keyOf;
    this.#makeQueue = makeQueue;
    this.#isOlder = isOlder;
  }

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    const key = this.#keyOf(item);
    (this.#queuesWith(key)?.get(key) ?? this.#begin(key)).add(item);
    this.#size += 1;
  }

  remove(item: Item): void {
    const key = this.#keyOf(item);
    const queues = this.#queuesWith(key);
    const queue = queues?.get(key);
    if (!queues || !queue) return;
    queue.remove(item);
    this.#leftWithoutTurn(key, queue, queues);
  }

  next(admits: Admits<Item>, isByAge: boolean): Item | undefined {
    if (this.#size === 0) return undefined;
    const oldest = isByAge && this.#isOlder ? this.#nextByAge(admits, this.#isOlder) : undefined;
    if (oldest !== undefined) return oldest;
    for (const [key, queue] of this.#inOrder()) {
      const item = queue.next(admits, isByAge);
      if (item === undefined) continue;
      this.#endTurn(key, queue);
      return item;
    }
    return undefined;
  }

  ahead(rank: Rank): number {
    const key = this.#keyOf(rank);
    const own = this.#queuesWith(key)?.get(key);
    if (!own && !this.#left.has(key)) {
      const { size } = this.#newcomers;
      return size + Math.min(this.#due.size + this.#served.size + this.#returned.size, size + 1);
    }
    const ahead = own?.ahead(rank) ?? 0;
    let sum = ahead;
    for (const queue of this.#queues()) if (queue !== own) sum += Math.min(queue.size, ahead + 1);
    return sum;
  }

  items(): Item[] {
    return this.#queues().flatMap((queue) => queue.items());
  }

  /** How many wait in the queue of this rank. */
  sizeOf(rank: Rank): number {
    const key = this.#keyOf(rank);
    return this.#queuesWith(key)?.get(key)?.size ?? 0;
  }

  /** How many wait in each queue. */
  *sizes(): Iterable<[key: Key, size: number]> {
    for (const queues of this.#all()) for (const [key, queue] of queues) yield [key, queue.size];
  }

  /** The one in turn, then those that go on where it may not. */
  *#inOrder(): Iterable<readonly [Key, Queue<Rank, Item>]> {
    const inTurn = this.#queuesInTurn();
    yield* inTurn === this.#newcomers ? shortestFirst(inTurn) : inTurn;
    for (const queues of this.#all())
      if (queues !== inTurn) yield* queues === this.#newcomers ? shortestFirst(queues) : queues;
  }

  /** That of the oldest queue. It is no turn: rounds stand still, and remember nobody who has had one, while all goes by age. */
  #nextByAge(admits: Admits<Item>, isOlder: (key: Key, other: Key) => boolean): Item | undefined {
    let oldest: Key | undefined;
    let from: Queues<Rank, Item, Key> | undefined;
    for (const queues of this.#all())
      for (const key of queues.keys())
        if (oldest === undefined || isOlder(key, oldest)) [oldest, from] = [key, queues];
    if (oldest === undefined || from === undefined) return undefined;
    const queue = from.get(oldest);
    const item = queue?.next(admits, true);
    if (queue === undefined || item === undefined) return undefined;
    this.#leftWithoutTurn(oldest, queue, from);
    return item;
  }

  #leftWithoutTurn(key: Key, queue: Queue<Rank, Item>, queues: Queues<Rank, Item, Key>): void {
    this.#size -= 1;
    if (queue.size === 0) queues.delete(key);
    if (this.#size === 0) this.#left.clear();
  }

  #endTurn(key: Key, queue: Queue<Rank, Item>): void {
    const queues = this.#queuesWith(key);
    this.#size -= 1;
    if (this.#size > 0 && queue.size === this.#size) {
      this.#beginAlone();
      return;
    }
    this.#isNewcomersTurn = queues !== this.#newcomers;
    queues?.delete(key);
    if (queue.size > 0) this.#served.set(key, queue);
    else this.#left.add(key);
    if (this.#size === 0) this.#left.clear();
  }

  /** A queue that is alone has the next turn as well: each is a round of its own. Nothing is moved, which would be garbage. */
  #beginAlone(): void {
    if (this.#left.size > 0) this.#left.clear();
    this.#isNewcomersTurn = true;
    this.#isClosing = false;
  }

  #queues(): Queue<Rank, Item>[] {
    return this.#all().flatMap((queues) => [...queues.values()]);
  }

  #queuesWith(key: Key): Queues<Rank, Item, Key> | undefined {
    // One by one: every call that waits comes by here, and a list of them each time is garbage.
    if (this.#newcomers.has(key)) return this.#newcomers;
    if (this.#due.has(key)) return this.#due;
    if (this.#served.has(key)) return this.#served;
    return this.#returned.has(key) ? this.#returned : undefined;
  }

  #all(): Queues<Rank, Item, Key>[] {
    return [this.#newcomers, this.#due, this.#served, this.#returned];
  }

  #begin(key: Key): Queue<Rank, Item> {
    const queue = this.#makeQueue();
    (this.#left.has(key) ? this.#returned : this.#newcomers).set(key, queue);
    return queue;
  }

  #queuesInTurn(): Queues<Rank, Item, Key> {
    if (this.#due.size === 0 && (this.#isClosing || this.#newcomers.size === 0)) this.#beginRound();
    if (this.#due.size === 0) this.#closeRound();
    if (!this.#isNewcomersTurn || this.#newcomers.size === 0) return this.#due;
    const [[, shortest] = NO_QUEUE] = shortestFirst(this.#newcomers);
    const [[, next] = NO_QUEUE] = this.#due;
    return !next || (shortest && shortest.size < next.size) ? this.#newcomers : this.#due;
  }

  /** Those that have come so far have their turn in this round. It is done once, or ever new ones would keep it from ending. */
  #closeRound(): void {
    this.#isClosing = true;
    if (this.#newcomers.size === 0) return;
    this.#due = new Map(shortestFirst(this.#newcomers));
    this.#newcomers = new Map();
  }

  #beginRound(): void {
    // Nobody waits for a turn in the round that ends.
    [this.#due, this.#served] = [this.#served, this.#due];
    for (const [key, queue] of this.#returned) this.#newcomers.set(key, queue);
    if (this.#returned.size > 0) this.#returned = new Map();
    if (this.#left.size > 0) this.#left.clear();
    this.#isClosing = false;
  }
}

const NO_QUEUE = [undefined, undefined] as const;

/** The first one of those of one length. */
function shortestFirst<Rank, Item extends Rank, Key>(queues: Queues<Rank, Item, Key>) {
  return [...queues].sort(([, one], [, other]) => one.size - other.size);
}
