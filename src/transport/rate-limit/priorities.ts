import type { Revalidation } from '../call.ts';
import { Fifo, type Line, Round } from './turns.ts';

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
  readonly #revalidations = new Fifo<Waiting, Item>();
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
