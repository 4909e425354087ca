import { LRUCache } from 'lru-cache';
import type { Generation, Generations, State, Write } from './port.ts';
import { createSlidingWindows } from './sliding-window-log.ts';

/** Bounded, and answers at once. `now` gives milliseconds that never go back; only differences matter. */
export function createStateInMemory({ now }: { readonly now: () => number }): State {
  return {
    quotas: createSlidingWindows(now),
    generations: createGenerationsInMemory(now),
  };
}

interface Written {
  readonly number: number;
  readonly inDoubtUntil: number;
}

const MAX_REMEMBERED = 100_000;

/** Numbers all writes, and remembers the last write of any account to each resource. */
export function createGenerationsInMemory(now: () => number) {
  let count = 0;
  /** Stands for all forgotten resources: the latest of their writes, and the latest end of their doubts. */
  let forgotten: Written = { number: 0, inDoubtUntil: 0 };
  const written = new LRUCache<string, Written>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
    noDisposeOnSet: true,
    // Only writes refresh a resource, so the resource that is forgotten has the lowest number.
    dispose: ({ number, inDoubtUntil }) => {
      forgotten = { number, inDoubtUntil: Math.max(inDoubtUntil, forgotten.inDoubtUntil) };
    },
  });
  const lastWriteTo = (resource: string) => written.peek(resource) ?? forgotten;
  const bump = (resources: readonly string[], inDoubtMs: number) => {
    count += 1;
    for (const resource of resources) {
      // The end of a later write does not end the doubt of an earlier write.
      const inDoubtUntil = Math.max(lastWriteTo(resource).inDoubtUntil, now() + inDoubtMs);
      written.set(resource, { number: count, inDoubtUntil });
    }
  };
  const snapshot = {
    read(resource: string): Generation & { readonly number: number } {
      const { number, inDoubtUntil } = lastWriteTo(resource);
      return { number, isInDoubt: inDoubtUntil > now(), isAlone: false };
    },
    // Cache entries end with their process, so the state does nothing before the write.
    write: (resources: readonly string[]): Write => ({
      isLost: false,
      end(outcome, doubtMs) {
        if (outcome !== 'not done') bump(resources, outcome === 'unknown' ? doubtMs : 0);
      },
    }),
  };
  return { snapshot: () => snapshot } satisfies Generations;
}

/**
 * Evicts the least recently used. Memory grows with the entries: with `max`, lru-cache would allocate all of it at the
 * start.
 */
export function createBoundedCache<Value extends object | string | true>(maxEntries: number) {
  return new LRUCache<string, Value>({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
