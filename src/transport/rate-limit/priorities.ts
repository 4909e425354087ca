import type { Revalidation } from '../call.ts';

/** Something that waits for its turn. */
export interface Waiting {
  /** Calls of one operation stand behind each other; operations take turns. */
  readonly operation: object;
  readonly priority: Priority;
  /** Of what renews cache entries, the one that has the most of it is next. */
  readonly revalidation: Revalidation | undefined;
}

export type Priority = 'write' | 'read' | 'revalidation';

/**
 * Those who wait, by priority: writes first, in order; then reads, one of each operation in turn; when nobody else waits
 * revalidations.
 */
export class PriorityQueue<Item extends Waiting> {
  // Sets keep their order and forget a leaver at once.
  readonly #writes = new Set<Item>();
  readonly #reads = new Map<object, Set<Item>>();
  readonly #revalidations = new Set<Item>();
  #readCount = 0;

  get size(): number {
    return this.#writes.size + this.#readCount + this.#revalidations.size;
  }

  /** Whether others than revalidations wait. */
  get isUrgent(): boolean {
    return this.#writes.size + this.#readCount > 0;
  }

  add(item: Item): void {
    if (item.priority === 'write') this.#writes.add(item);
    else if (item.priority === 'revalidation') this.#revalidations.add(item);
    else {
      const own = this.#reads.get(item.operation);
      if (own) own.add(item);
      else this.#reads.set(item.operation, new Set([item]));
      this.#readCount += 1;
    }
  }

  remove(item: Item): void {
    if (item.priority === 'write') this.#writes.delete(item);
    else if (item.priority === 'revalidation') this.#revalidations.delete(item);
    else this.#removeRead(item);
  }

  /** Takes out the next in turn. */
  next(): Item | undefined {
    const [write] = this.#writes;
    if (write) {
      this.#writes.delete(write);
      return write;
    }
    return this.#nextRead() ?? this.#nextRevalidation();
  }

  all(): Item[] {
    const reads = [...this.#reads.values()].flatMap((own) => [...own]);
    return [...this.#writes, ...reads, ...this.#revalidations];
  }

  /** How many would start before the item if it were added now. */
  ahead({ operation, priority }: Waiting): number {
    if (priority === 'write') return this.#writes.size;
    if (priority === 'revalidation') return this.size;
    const own = this.#reads.get(operation)?.size ?? 0;
    let before = this.#writes.size + own;
    for (const [other, reads] of this.#reads) {
      if (other !== operation) before += Math.min(reads.size, own + 1);
    }
    return before;
  }

  #nextRead(): Item | undefined {
    const [turn] = this.#reads;
    if (!turn) return undefined;
    const [operation, own] = turn;
    const [read] = own as unknown as [Item];
    this.#removeRead(read);
    // The operation goes to the back of the round.
    if (this.#reads.delete(operation)) this.#reads.set(operation, own);
    return read;
  }

  #removeRead(item: Item): void {
    const own = this.#reads.get(item.operation);
    if (!own?.delete(item)) return;
    this.#readCount -= 1;
    if (own.size === 0) this.#reads.delete(item.operation);
  }

  /** There are too few of them, and they start too seldom, for more than a look at each. */
  #nextRevalidation(): Item | undefined {
    let found: Item | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const item of this.#revalidations) {
      const servedAgeMs = item.revalidation?.servedAgeMs ?? 0;
      if (servedAgeMs <= most) continue;
      found = item;
      most = servedAgeMs;
    }
    if (found) this.#revalidations.delete(found);
    return found;
  }
}
