import { LRUCache } from 'lru-cache';
import type { Generation, Generations } from './port.ts';

interface Written {
  readonly number: number;
  readonly inDoubtUntil: number;
}

const MAX_REMEMBERED = 100_000;

/** Numbers all writes, and remembers the last one to each resource. */
export function createGenerationsInMemory(now: () => number): Generations {
  let count = 0;
  /** What is no longer remembered was written to by this write at the latest. */
  let forgotten: Generation = { number: 0, isInDoubt: false };
  const written = new LRUCache<string, Written>({
    max: MAX_REMEMBERED,
    dispose: ({ number }, _resource, reason) => {
      if (reason === 'evict' && number > forgotten.number) forgotten = { number, isInDoubt: false };
    },
  });
  return {
    read(resource) {
      const last = written.get(resource);
      return last ? { number: last.number, isInDoubt: last.inDoubtUntil > now() } : forgotten;
    },
    bump(resources, inDoubtMs) {
      count += 1;
      for (const resource of resources) {
        // A later write does not tell how an earlier one ends.
        const inDoubtUntil = Math.max(now() + inDoubtMs, written.get(resource)?.inDoubtUntil ?? 0);
        written.set(resource, { number: count, inDoubtUntil });
      }
    },
  };
}
