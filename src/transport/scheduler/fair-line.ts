/**
 * Things that wait. A line holds items, which keep their order, or further lines, which take turns: a line that has had its turn, or
 * that is new, goes to the end. A line without items takes no part.
 */
export class FairLine<Item extends object> {
  readonly #name: unknown;
  #outer: FairLine<Item> | undefined;
  /** Items by themselves, or lines by their names, in the order in which they are next. */
  readonly #members = new Map<unknown, Item | FairLine<Item>>();
  /** How many items wait here and in all lines within. */
  size = 0;

  /** @param outer - the line in which this line takes turns with others; its name is unique there */
  constructor(name: unknown, outer?: FairLine<Item>) {
    this.#name = name;
    this.#outer = outer;
  }

  /** The line of this name within this line, or a new one. */
  inner(name: unknown): FairLine<Item> {
    const found = this.#members.get(name);
    return found instanceof FairLine ? found : new FairLine<Item>(name, this);
  }

  add(item: Item): void {
    this.#members.set(item, item);
    this.#grow(1);
  }

  remove(item: Item): void {
    if (this.#members.delete(item)) this.#grow(-1);
  }

  /** Takes out the next item that starts. Of items in order only the first is tried. */
  next(starts: (item: Item) => boolean): Item | undefined {
    for (const [name, member] of this.#members) {
      if (!(member instanceof FairLine)) {
        if (!starts(member)) return undefined;
        this.remove(member);
        return member;
      }
      const item = member.next(starts);
      if (item === undefined) continue;
      if (this.#members.delete(name)) this.#members.set(name, member);
      return item;
    }
    return undefined;
  }

  /** All items, line by line. */
  all(): readonly Item[] {
    return [...this.#members.values()].flatMap((member) =>
      member instanceof FairLine ? member.all() : [member],
    );
  }

  /** The lines in which an item waits. */
  get lines(): readonly FairLine<Item>[] {
    return [...this.#members.values()].filter((member) => member instanceof FairLine);
  }

  /** How many items of the line `root` are before the last item of this line, at most, if no other item comes or leaves. */
  aheadOfLast(root: FairLine<Item>, ahead = this.size - 1): number {
    const outer = this.#outer;
    return this === root || !outer ? ahead : outer.aheadOfLast(root, outer.aheadOf(ahead));
  }

  /** The same for an item of a line within this line, in which `ahead` items are before it. */
  protected aheadOf(ahead: number): number {
    return Math.min(this.size - 1, (ahead + 1) * this.#members.size - 1);
  }

  moveTo(outer: FairLine<Item>): void {
    if (outer === this.#outer) return;
    const { size } = this;
    this.#grow(-size);
    this.#outer = outer;
    this.#grow(size);
  }

  #grow(by: number): void {
    this.size += by;
    const outer = this.#outer;
    if (!outer || by === 0) return;
    if (this.size === 0) outer.#members.delete(this.#name);
    else if (this.size === by) outer.#members.set(this.#name, this);
    outer.#grow(by);
  }
}
