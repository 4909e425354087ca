import { randomInt } from 'node:crypto';

/** The things in flight under a key. */
export interface Keyed<Entry> {
  readonly key: string;
  /** Where it is, while it is in. */
  bucket: number;
  /** The next one in the same bucket. */
  next: Entry | undefined;
}

/** More than are in flight at most times; a power of 2. */
const BUCKETS = 4_096;

/**
 * Entries by key, for those that come and go with every call. V8's own would keep more than what is there: an old table of a
 * Map keeps what it held, and an object's key becomes a string of the old part of the heap. Here an entry that is taken out
 * has left nothing behind.
 */
export class InFlight<Entry extends Keyed<Entry>> {
  readonly #buckets: (Entry | undefined)[] = Array(BUCKETS).fill(undefined);
  /** A seed of this process alone, so that nobody can send keys that all fall into one bucket. */
  readonly #seed = randomInt(2 ** 31);

  get(key: string): Entry | undefined {
    let entry = this.#buckets[this.#bucketOf(key)];
    while (entry !== undefined && entry.key !== key) entry = entry.next;
    return entry;
  }

  /** Puts an entry in whose key no other one has. */
  add(entry: Entry): void {
    const bucket = this.#bucketOf(entry.key);
    entry.bucket = bucket;
    entry.next = this.#buckets[bucket];
    this.#buckets[bucket] = entry;
  }

  /** Takes an entry out, if it is in. */
  delete(entry: Entry): void {
    const { bucket } = entry;
    let before: Entry | undefined;
    let found = this.#buckets[bucket];
    while (found !== undefined && found !== entry) {
      before = found;
      found = found.next;
    }
    if (found === undefined) return;
    if (before === undefined) this.#buckets[bucket] = entry.next;
    else before.next = entry.next;
    entry.next = undefined;
  }

  #bucketOf(key: string): number {
    let hash = this.#seed;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash & (BUCKETS - 1);
  }
}
