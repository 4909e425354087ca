import type { Revalidation } from '../call.ts';
import { Fifo } from '../fifo.ts';

/** What waits, in the order in which it goes on. `Place` is what decides that. */
export interface Line<Place, Item extends Place> {
  readonly size: number;
  add(item: Item): void;
  remove(item: Item): void;
  /** Takes out the next. */
  next(): Item | undefined;
  /** How many would go on before an item of this place if it were added now. */
  ahead(place: Place): number;
  items(): Item[];
}

/** Lines that take turns: one of each goes on, then it is at the back of the round. */
export class Round<Place, Item extends Place> implements Line<Place, Item> {
  readonly #keyOf: (place: Place) => unknown;
  readonly #makeLine: () => Line<Place, Item>;
  readonly #lines = new Map<unknown, Line<Place, Item>>();
  #size = 0;

  constructor(keyOf: (place: Place) => unknown, makeLine: () => Line<Place, Item>) {
    this.#keyOf = keyOf;
    this.#makeLine = makeLine;
  }

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    const key = this.#keyOf(item);
    let line = this.#lines.get(key);
    if (!line) {
      line = this.#makeLine();
      this.#lines.set(key, line);
    }
    line.add(item);
    this.#size += 1;
  }

  remove(item: Item): void {
    const key = this.#keyOf(item);
    const line = this.#lines.get(key);
    if (!line) return;
    const before = line.size;
    line.remove(item);
    this.#size -= before - line.size;
    if (line.size === 0) this.#lines.delete(key);
  }

  next(): Item | undefined {
    const [first] = this.#lines;
    if (!first) return undefined;
    const [key, line] = first;
    const item = line.next();
    this.#size -= 1;
    this.#lines.delete(key);
    if (line.size > 0) this.#lines.set(key, line);
    return item;
  }

  ahead(place: Place): number {
    const own = this.#lines.get(this.#keyOf(place));
    const ahead = own?.ahead(place) ?? 0;
    let sum = ahead;
    for (const line of this.#lines.values()) if (line !== own) sum += Math.min(line.size, ahead + 1);
    return sum;
  }

  items(): Item[] {
    return [...this.#lines.values()].flatMap((line) => line.items());
  }
}

/** What decides when something that waits has its turn. */
export interface Waiting {
  /** Callers take turns, and the operations of each take turns in those. */
  readonly caller: string;
  readonly operation: object;
  readonly priority: Priority;
  /** Of what renews cache entries, the one that has the most of it is next. */
  readonly revalidation: Revalidation | undefined;
}

export type Priority = 'write' | 'read' | 'revalidation';

/** While writes keep coming, every fifth place is for a read. */
const WRITES_IN_A_ROW = 4;

/**
 * Those who wait, by priority: writes first, but not for ever; then reads; when nobody else waits revalidations. Whoever
 * asks for a lot waits behind its own, not before others.
 */
export class PriorityQueue<Item extends Waiting> {
  readonly #writes: Line<Waiting, Item> = new Round(byCaller, () => new Fifo());
  readonly #reads: Line<Waiting, Item> = new Round(byCaller, () => new Round(byOperation, () => new Fifo()));
  readonly #revalidations = new Fifo<Item>();
  #writesInARow = 0;

  get size(): number {
    return this.#writes.size + this.#reads.size + this.#revalidations.size;
  }

  /** Whether others than revalidations wait. */
  get isUrgent(): boolean {
    return this.#writes.size + this.#reads.size > 0;
  }

  add(item: Item): void {
    this.#lineOf(item).add(item);
  }

  remove(item: Item): void {
    this.#lineOf(item).remove(item);
  }

  /** Takes out the next in turn. */
  next(): Item | undefined {
    const isReadsTurn = this.#writesInARow >= WRITES_IN_A_ROW && this.#reads.size > 0;
    if (this.#writes.size > 0 && !isReadsTurn) {
      this.#writesInARow += 1;
      return this.#writes.next();
    }
    this.#writesInARow = 0;
    return this.#reads.next() ?? this.#nextRevalidation();
  }

  all(): Item[] {
    return [...this.#writes.items(), ...this.#reads.items(), ...this.#revalidations.items()];
  }

  /** How many would start before the item if it were added now. */
  ahead(item: Waiting): number {
    if (item.priority === 'revalidation') return this.size;
    if (item.priority === 'write') {
      const writes = this.#writes.ahead(item);
      return writes + Math.min(this.#reads.size, Math.floor(writes / WRITES_IN_A_ROW));
    }
    const reads = this.#reads.ahead(item);
    return reads + Math.min(this.#writes.size, (reads + 1) * WRITES_IN_A_ROW);
  }

  #lineOf({ priority }: Item): Line<Waiting, Item> {
    if (priority === 'write') return this.#writes;
    return priority === 'read' ? this.#reads : this.#revalidations;
  }

  /** There are too few of them, and they start too seldom, for more than a look at each. */
  #nextRevalidation(): Item | undefined {
    let found: Item | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const item of this.#revalidations.items()) {
      const servedAgeMs = item.revalidation?.servedAgeMs ?? 0;
      if (servedAgeMs <= most) continue;
      found = item;
      most = servedAgeMs;
    }
    if (found) this.#revalidations.remove(found);
    return found;
  }
}

const byCaller = ({ caller }: Waiting) => caller;
const byOperation = ({ operation }: Waiting) => operation;
