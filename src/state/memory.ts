import { LRUCache } from 'lru-cache';
import type { Generations, Snapshot, State } from './port.ts';
import { createSlidingWindows } from './sliding-window-log.ts';

/** Bounded, and answers at once. `now` gives milliseconds that never go back; only differences matter. */
export function createStateInMemory({ now }: { readonly now: () => number }): State {
  return {
    quotas: createSlidingWindows(now),
    generations: createGenerationsInMemory(),
  };
}

const MAX_REMEMBERED = 100_000;

/** Numbers all writes, and remembers the last write of any account to each resource. */
export function createGenerationsInMemory() {
  let count = 0;
  /** Stands for all forgotten resources: the latest of their writes. */
  let forgotten = 0;
  const written = new LRUCache<string, number>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
    noDisposeOnSet: true,
    // Only writes refresh a resource, so the resource that is forgotten has the lowest number.
    dispose: (number) => {
      forgotten = number;
    },
  });
  const snapshot = {
    read: (resource: string) => ({ number: written.peek(resource) ?? forgotten, isLost: false }),
    wrote(resources: readonly string[]) {
      count += 1;
      for (const resource of resources) written.set(resource, count);
      return true;
    },
  } satisfies Snapshot;
  return { snapshot: () => snapshot } satisfies Generations;
}

/**
 * Evicts the least recently used. Memory grows with the entries: with `max`, lru-cache would allocate all of it at the
 * start.
 */
export function createBoundedCache<Value extends object | string | true>(maxEntries: number) {
  return new LRUCache<string, Value>({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
