/**
 * First in, first out, unless something goes before others that came sooner. A list, because the tables of a Set whose items come and go keep each other, and what they held,
 * alive in V8.
 */
export class Fifo<Item extends object> {
  #items: (Item | undefined)[] = [];
  /** Where the first item may be. */
  #start = 0;
  readonly #goesBefore: ((item: Item, other: Item) => boolean) | undefined;
  size = 0;

  /** @param goesBefore - whether an item overtakes one that was added sooner */
  constructor(goesBefore?: (item: Item, other: Item) => boolean) {
    this.#goesBefore = goesBefore;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.size += 1;
    if (this.#goesBefore) this.#overtake(item, this.#goesBefore);
  }

  /** Takes out the first one. */
  next(): Item | undefined {
    let item: Item | undefined;
    while (item === undefined && this.#start < this.#items.length) {
      item = this.#items[this.#start];
      this.#items[this.#start] = undefined;
      this.#start += 1;
    }
    if (item !== undefined) this.size -= 1;
    if (this.#start * 2 >= this.#items.length) {
      this.#items.splice(0, this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** Takes one out from wherever it is. */
  remove(item: Item): boolean {
    const index = this.#items.indexOf(item, this.#start);
    if (index === -1) return false;
    this.#items[index] = undefined;
    this.size -= 1;
    return true;
  }

  /** How many would go on before one that were added now. */
  ahead(): number {
    return this.size;
  }

  items(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }

  /** Moves the last item forward. */
  #overtake(item: Item, goesBefore: (item: Item, other: Item) => boolean): void {
    let index = this.#items.length - 1;
    while (index > this.#start) {
      const other = this.#items[index - 1];
      if (other && !goesBefore(item, other)) break;
      this.#items[index] = other;
      index -= 1;
    }
    this.#items[index] = item;
  }
}
