type Entry = readonly [member: string, score: number];
interface Bound {
  readonly score: number;
  readonly isOpen: boolean;
}

/** A sorted set of Redis: by score, then by member. */
export class SortedSet {
  readonly #scores = new Map<string, number>();
  #sorted: Entry[] = [];

  get size(): number {
    return this.#scores.size;
  }

  score(member: string): number | undefined {
    return this.#scores.get(member);
  }

  /** Whether the member is new. */
  add(member: string, score: number): boolean {
    const before = this.#scores.get(member);
    if (before === score) return false;
    if (before !== undefined) this.#sorted.splice(this.#place(member, before), 1);
    this.#scores.set(member, score);
    this.#sorted.splice(this.#place(member, score), 0, [member, score]);
    return before === undefined;
  }

  delete(member: string): boolean {
    const score = this.#scores.get(member);
    if (score === undefined) return false;
    this.#sorted.splice(this.#place(member, score), 1);
    this.#scores.delete(member);
    return true;
  }

  /** Both bounds are included; negative ones count from the end. */
  slice(from: number, to: number): Entry[] {
    const at = (index: number) => (index < 0 ? Math.max(0, this.size + index) : index);
    if (to < 0 && this.size + to < 0) return [];
    return this.#sorted.slice(at(from), at(to) + 1);
  }

  between(least: Bound, most: Bound): Entry[] {
    const from = this.#first((score) => (least.isOpen ? score > least.score : score >= least.score));
    const to = this.#first((score) => (most.isOpen ? score >= most.score : score > most.score));
    return this.#sorted.slice(from, Math.max(from, to));
  }

  copy(): SortedSet {
    const copy = new SortedSet();
    for (const [member, score] of this.#scores) copy.#scores.set(member, score);
    copy.#sorted = [...this.#sorted];
    return copy;
  }

  #first(isIt: (score: number) => boolean): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isIt((this.#sorted[middle] as Entry)[1])) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #place(member: string, score: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const [other, otherScore] = this.#sorted[middle] as Entry;
      if (otherScore < score || (otherScore === score && other < member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
