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

type Lines<Place, Item extends Place> = Map<unknown, Line<Place, Item>>;

/**
 * Lines that take turns: in each round one of each goes on. Who comes new to a round need not wait for all of the others:
 * every second turn is for the shortest such line, if it is shorter than the one whose turn it is. So whoever asks for
 * little hardly waits, and whoever comes again and again has one turn a round as everybody else.
 */
export class Round<Place, Item extends Place> implements Line<Place, Item> {
  readonly #keyOf: (place: Place) => unknown;
  readonly #makeLine: () => Line<Place, Item>;
  /** Those that have come during the round and had no turn in it. */
  #fresh: Lines<Place, Item> = new Map();
  /** Those that were there before, and have not had theirs. */
  #waiting: Lines<Place, Item> = new Map();
  /** Those that have had it, and go on in the next one. */
  #served: Lines<Place, Item> = new Map();
  /** The keys of those that have had it and were empty then. */
  readonly #gone = new Set<unknown>();
  /** Those of them that have come again: new to the next round. */
  #returned: Lines<Place, Item> = new Map();
  #size = 0;
  #isFreshTurn = true;
  /** Whether those that came during the round are counted to it already. */
  #isClosing = false;

  constructor(keyOf: (place: Place) => unknown, makeLine: () => Line<Place, Item>) {
    this.#keyOf = keyOf;
    this.#makeLine = makeLine;
  }

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    const key = this.#keyOf(item);
    (this.#linesWith(key)?.get(key) ?? this.#begin(key)).add(item);
    this.#size += 1;
  }

  remove(item: Item): void {
    const key = this.#keyOf(item);
    const lines = this.#linesWith(key);
    const line = lines?.get(key);
    if (!lines || !line) return;
    const before = line.size;
    line.remove(item);
    this.#size -= before - line.size;
    if (line.size === 0) lines.delete(key);
    if (this.#size === 0) this.#gone.clear();
  }

  next(): Item | undefined {
    if (this.#size === 0) return undefined;
    const lines = this.#linesInTurn();
    const [first] = lines === this.#fresh ? shortestFirst(lines) : lines;
    if (!first) return undefined;
    const [key, line] = first;
    const item = line.next();
    this.#size -= 1;
    this.#isFreshTurn = lines !== this.#fresh;
    lines.delete(key);
    if (line.size > 0) this.#served.set(key, line);
    else this.#gone.add(key);
    if (this.#size === 0) this.#gone.clear();
    return item;
  }

  ahead(place: Place): number {
    const key = this.#keyOf(place);
    const own = this.#linesWith(key)?.get(key);
    if (!own && !this.#gone.has(key)) {
      const { size } = this.#fresh;
      return size + Math.min(this.#waiting.size + this.#served.size + this.#returned.size, size + 1);
    }
    const ahead = own?.ahead(place) ?? 0;
    let sum = ahead;
    for (const line of this.#lines()) if (line !== own) sum += Math.min(line.size, ahead + 1);
    return sum;
  }

  items(): Item[] {
    return this.#lines().flatMap((line) => line.items());
  }

  #lines(): Line<Place, Item>[] {
    return this.#all().flatMap((lines) => [...lines.values()]);
  }

  #linesWith(key: unknown): Lines<Place, Item> | undefined {
    return this.#all().find((lines) => lines.has(key));
  }

  #all(): Lines<Place, Item>[] {
    return [this.#fresh, this.#waiting, this.#served, this.#returned];
  }

  #begin(key: unknown): Line<Place, Item> {
    const line = this.#makeLine();
    (this.#gone.has(key) ? this.#returned : this.#fresh).set(key, line);
    return line;
  }

  #linesInTurn(): Lines<Place, Item> {
    if (this.#waiting.size === 0 && (this.#isClosing || this.#fresh.size === 0)) this.#beginRound();
    if (this.#waiting.size === 0) this.#closeRound();
    if (!this.#isFreshTurn || this.#fresh.size === 0) return this.#waiting;
    const [[, shortest] = NO_LINE] = shortestFirst(this.#fresh);
    const [[, next] = NO_LINE] = this.#waiting;
    return !next || (shortest && shortest.size < next.size) ? this.#fresh : this.#waiting;
  }

  /** Those that have come so far have their turn in this round. It is done once, or ever new ones would keep it from ending. */
  #closeRound(): void {
    this.#isClosing = true;
    if (this.#fresh.size === 0) return;
    this.#waiting = new Map(shortestFirst(this.#fresh));
    this.#fresh = new Map();
  }

  #beginRound(): void {
    // Nobody waits for a turn in the round that ends.
    [this.#waiting, this.#served] = [this.#served, this.#waiting];
    for (const [key, line] of this.#returned) this.#fresh.set(key, line);
    if (this.#returned.size > 0) this.#returned = new Map();
    if (this.#gone.size > 0) this.#gone.clear();
    this.#isClosing = false;
  }
}

const NO_LINE = [undefined, undefined] as const;

/** Of those of one length, the one that came first. */
function shortestFirst<Place, Item extends Place>(lines: Lines<Place, Item>) {
  return [...lines].sort(([, one], [, other]) => one.size - other.size);
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

/** While a caller's writes keep coming, every fifth of its places is for a read. */
const WRITES_IN_A_ROW = 4;

/** What waits for one caller: writes first, but not for ever; then reads, of which each operation's take turns. */
class CallerLine<Item extends Waiting> implements Line<Waiting, Item> {
  readonly #writes: Line<Waiting, Item> = new Fifo();
  readonly #reads: Line<Waiting, Item> = new Round(byOperation, () => new Fifo());
  #writesInARow = 0;

  get size(): number {
    return this.#writes.size + this.#reads.size;
  }

  add(item: Item): void {
    this.#lineOf(item).add(item);
  }

  remove(item: Item): void {
    this.#lineOf(item).remove(item);
  }

  next(): Item | undefined {
    const isReadsTurn = this.#writesInARow >= WRITES_IN_A_ROW && this.#reads.size > 0;
    if (this.#writes.size > 0 && !isReadsTurn) {
      this.#writesInARow += 1;
      return this.#writes.next();
    }
    this.#writesInARow = 0;
    return this.#reads.next();
  }

  ahead(place: Waiting): number {
    if (place.priority === 'write') {
      const writes = this.#writes.size;
      return writes + Math.min(this.#reads.size, Math.floor(writes / WRITES_IN_A_ROW));
    }
    const reads = this.#reads.ahead(place);
    return reads + Math.min(this.#writes.size, (reads + 1) * WRITES_IN_A_ROW);
  }

  items(): Item[] {
    return [...this.#writes.items(), ...this.#reads.items()];
  }

  #lineOf({ priority }: Item): Line<Waiting, Item> {
    return priority === 'write' ? this.#writes : this.#reads;
  }
}

/**
 * Those who wait: callers take turns, and when nobody waits revalidations have theirs. Whoever asks for a lot waits behind
 * its own, not before others.
 */
export class PriorityQueue<Item extends Waiting> {
  readonly #callers: Line<Waiting, Item> = new Round(byCaller, () => new CallerLine());
  readonly #revalidations = new Fifo<Item>();

  get size(): number {
    return this.#callers.size + this.#revalidations.size;
  }

  /** Whether others than revalidations wait. */
  get isUrgent(): boolean {
    return this.#callers.size > 0;
  }

  add(item: Item): void {
    this.#lineOf(item).add(item);
  }

  remove(item: Item): void {
    this.#lineOf(item).remove(item);
  }

  /** Takes out the next in turn. */
  next(): Item | undefined {
    return this.#callers.next() ?? this.#nextRevalidation();
  }

  all(): Item[] {
    return [...this.#callers.items(), ...this.#revalidations.items()];
  }

  /** How many would start before the item if it were added now. */
  ahead(item: Waiting): number {
    return item.priority === 'revalidation' ? this.size : this.#callers.ahead(item);
  }

  #lineOf({ priority }: Item): Line<Waiting, Item> {
    return priority === 'revalidation' ? this.#revalidations : this.#callers;
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
