type Entry = readonly [member: string, score: number];

/** A sorted set of Redis. */
export class SortedSet {
  readonly #scores: Map<string, number>;
  #sorted: readonly Entry[] | undefined;

  constructor(scores: Iterable<Entry> = []) {
    this.#scores = new Map(scores);
  }

  get size(): number {
    return this.#scores.size;
  }

  /** By score, then by member. */
  get all(): readonly Entry[] {
    this.#sorted ??= [...this.#scores].sort(byScore);
    return this.#sorted;
  }

  add(member: string, score: number): void {
    this.#scores.set(member, score);
    this.#sorted = undefined;
  }

  delete(member: string): void {
    this.#scores.delete(member);
    this.#sorted = undefined;
  }

  copy(): SortedSet {
    return new SortedSet(this.#scores);
  }
}

function byScore([one, oneScore]: Entry, [other, otherScore]: Entry): number {
  return oneScore - otherScore || (one < other ? -1 : 1);
}
