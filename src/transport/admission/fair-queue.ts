import type { Call, Origin } from '../call.ts';
import { type Admits, type Queue, RoundRobin } from './round-robin.ts';

/** A call that waits: callers take turns, and the operations of each take turns in those. */
export interface Waiting {
  readonly call: Call<unknown>;
}

/** While a caller's writes keep coming, every fifth of its permits is for a read. */
const WRITES_IN_A_ROW = 4;

/** As many turns as others may wait for one. */
const MANY = 8;

/** The waiting calls of one caller: writes first, but not for ever; then reads, where operations take turns. */
class CallerQueue<Item extends Waiting> implements Queue<Waiting, Item> {
  readonly #writes = new Fifo<Item>();
  readonly #reads: Queue<Waiting, Item> = new RoundRobin(byOperation, () => new Fifo(), isOlder);
  #writesInARow = 0;

  get size(): number {
    return this.#writes.size + this.#reads.size;
  }

  add(item: Item): void {
    this.#queueOf(item).add(item);
  }

  remove(item: Item): void {
    this.#queueOf(item).remove(item);
  }

  next(admits: Admits<Item>, isByAge: boolean): Item | undefined {
    const isReadsTurn = this.#writesInARow >= WRITES_IN_A_ROW && this.#reads.size > 0;
    const write = isReadsTurn ? undefined : this.#writes.next(admits);
    const item = write ?? this.#reads.next(admits, isByAge) ?? this.#writes.next(admits);
    if (item) this.#writesInARow = isWrite(item) ? this.#writesInARow + 1 : 0;
    return item;
  }

  ahead(rank: Waiting): number {
    if (isWrite(rank)) {
      const writes = this.#writes.size;
      return writes + Math.min(this.#reads.size, Math.floor(writes / WRITES_IN_A_ROW));
    }
    const reads = this.#reads.ahead(rank);
    return reads + Math.min(this.#writes.size, (reads + 1) * WRITES_IN_A_ROW);
  }

  items(): Item[] {
    return [...this.#writes.items(), ...this.#reads.items()];
  }

  #queueOf(item: Item): Queue<Waiting, Item> {
    return isWrite(item) ? this.#writes : this.#reads;
  }
}

/**
 * Those who wait: callers take turns, and when none of them may go on revalidations have theirs. One who asks for a lot waits
 * behind its own, not before others.
 */
export class FairQueue<Item extends Waiting> {
  readonly #callers = new RoundRobin<Waiting, Item, string>(byCaller, () => new CallerQueue());
  readonly #revalidations = new Fifo<Item>();
  readonly #polls = new Fifo<Item>();

  /** How many wait. Every call asks. */
  size = 0;

  /** How many wait that somebody else waits for: all but revalidations. */
  get urgent(): number {
    return this.#callers.size;
  }

  /** The poll that has waited longest. */
  get firstPoll(): Item | undefined {
    return this.#polls.items()[0];
  }

  byCaller(): Iterable<[caller: string, count: number]> {
    return this.#callers.sizes();
  }

  add(item: Item): void {
    this.#queueOf(item).add(item);
    this.size += 1;
  }

  /** Takes out one that waits. */
  remove(item: Item): void {
    this.#queueOf(item).remove(item);
    this.size -= 1;
  }

  /** Takes out the next in turn that is admitted, no revalidation. `isByAge`: of a caller's reads, those of the oldest operation go on. */
  next(admits: Admits<Item>, isByAge: boolean): Item | undefined {
    const item = this.#callers.next(admits, isByAge);
    if (item) this.size -= 1;
    return item;
  }

  all(): Item[] {
    return [...this.#callers.items(), ...this.#revalidations.items(), ...this.#polls.items()];
  }

  /** Whether one that waits has many of its caller before it, or all. */
  isFar(item: Item): boolean {
    return item.call.revalidation !== undefined || this.#callers.sizeOf(item) > MANY;
  }

  /** How many would start before the item if it were added now. */
  ahead(item: Waiting): number {
    return item.call.revalidation ? this.size : this.#callers.ahead(item);
  }

  #queueOf({ call }: Item): Fifo<Item> | RoundRobin<Waiting, Item, string> {
    if (!call.revalidation) return this.#callers;
    return call.revalidation.isPoll ? this.#polls : this.#revalidations;
  }

  /** Takes out the one whose entry was served the most. Thousands may wait, so they are sorted only where that one is not admitted. */
  nextRevalidation(admits: Admits<Item>): Item | undefined {
    const queues = [this.#revalidations.items(), this.#polls.items()];
    let found: Item | undefined;
    for (const items of queues)
      for (const item of items) if (!found || servedAgeMs(item) > servedAgeMs(found)) found = item;
    if (found && !admits(found))
      found = queues
        .flat()
        .sort((one, other) => servedAgeMs(other) - servedAgeMs(one))
        .find(admits);
    if (found) this.remove(found);
    return found;
  }
}

const byCaller = ({ call }: Waiting) => call.origin.caller;
const byOperation = ({ call }: Waiting) => call.origin;
const isWrite = ({ call }: Waiting) => call.kind === 'write';
/** The one with the most of it is next. */
const servedAgeMs = ({ call }: Waiting) => call.revalidation?.servedAgeMs ?? 0;

/** An operation gets its last answers before others get their first ones. */
function isOlder({ startedAt = Infinity }: Origin, { startedAt: other = Infinity }: Origin): boolean {
  return startedAt < other;
}

/** First in, first out. A list, because the tables of a Set whose items come and go keep each other, and what they held, alive in V8. */
class Fifo<Item extends object> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  next(admits: (item: Item) => boolean): Item | undefined {
    const index = this.#items.findIndex(admits);
    return index < 0 ? undefined : this.#items.splice(index, 1)[0];
  }

  remove(item: Item): void {
    const index = this.#items.indexOf(item);
    if (index >= 0) this.#items.splice(index, 1);
  }

  /** How many would go on before one that were added now. */
  ahead(): number {
    return this.size;
  }

  items(): readonly Item[] {
    return this.#items;
  }
}
