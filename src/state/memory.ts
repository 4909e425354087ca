import { createCacheInMemory } from './cache-in-memory.ts';
import { createDocumentsInMemory } from './documents-in-memory.ts';
import { createGenerationsInMemory } from './generations-in-memory.ts';
import { createPageSizesInMemory } from './page-sizes-in-memory.ts';
import type { State } from './port.ts';
import { createSlidingWindows } from './sliding-window-log.ts';

export interface MemoryOptions {
  /** Milliseconds on a line that never goes back; only differences mean anything. */
  readonly now: () => number;
}

/** The state of one process, in its memory: bounded, and every answer there at once. */
export function createStateInMemory({ now }: MemoryOptions): State {
  return {
    quotas: createSlidingWindows(now),
    generations: createGenerationsInMemory(now),
    cache: createCacheInMemory(now),
    documents: createDocumentsInMemory(),
    pageSizes: createPageSizesInMemory(),
  };
}
