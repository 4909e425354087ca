/** Random numbers that are the same for the same words: whoever asks, and in whatever order. */
export class Seeded {
  #state: number;

  constructor(...words: readonly (string | number)[]) {
    let hash = 2166136261;
    for (const character of words.join('|')) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    this.#state = hash;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /** Whether what happens this often happens. */
  chance(share: number): boolean {
    return this.next() < share;
  }
}
