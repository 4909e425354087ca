/**
 * First in, first out. A list, because the tables of a Set whose items come and go keep each other, and what they held,
 * alive in V8.
 */
export class Fifo<Item extends object> {
  #items: (Item | undefined)[] = [];
  /** Where the first item may be. */
  #start = 0;
  size = 0;

  add(item: Item): void {
    this.#items.push(item);
    this.size += 1;
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
}
