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

/** First come, first served. */
export class Fifo<Place, Item extends Place> implements Line<Place, Item> {
  // A set keeps its order and forgets a leaver at once.
  readonly #items = new Set<Item>();

  get size(): number {
    return this.#items.size;
  }

  add(item: Item): void {
    this.#items.add(item);
  }

  remove(item: Item): void {
    this.#items.delete(item);
  }

  next(): Item | undefined {
    const [item] = this.#items;
    if (item !== undefined) this.#items.delete(item);
    return item;
  }

  ahead(): number {
    return this.#items.size;
  }

  items(): Item[] {
    return [...this.#items];
  }
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
