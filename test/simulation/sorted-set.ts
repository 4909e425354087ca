type Entry = readonly [member: string, score: number];

/** A sorted set of Redis. */
export class SortedSet {
  readonly #scores = new Map<string, number>();
  /** By score, then by member. */
  readonly all: Entry[] = [];

  get size(): number {
    return this.#scores.size;
  }

  score(member: string): number | undefined {
    return this.#scores.get(member);
  }

  add(member: string, score: number): void {
    this.delete(member);
    this.#scores.set(member, score);
    this.all.splice(this.#place(member, score), 0, [member, score]);
  }

  delete(member: string): void {
    const score = this.#scores.get(member);
    if (score === undefined) return;
    this.all.splice(this.#place(member, score), 1);
    this.#scores.delete(member);
  }

  copy(): SortedSet {
    const copy = new SortedSet();
    for (const entry of this.all) {
      copy.#scores.set(...entry);
      copy.all.push(entry);
    }
    return copy;
  }

  /** The index of an entry. */
  #place(member: string, score: number): number {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const [other, otherScore] = this.all[middle] as Entry;
      if (otherScore < score || (otherScore === score && other < member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
