import { createRandom } from '../../../src/features/sandbox/random.ts';

/** Random numbers that depend only on the given words. */
export function createSeeded(...words: readonly (string | number)[]) {
  const { next, chance } = createRandom(hashOf(words.join('|')));
  /** A whole number from 0. */
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    chance,
    next,
    below,
    pick: <Value>(values: readonly Value[]) => values[below(values.length)] as Value,
  };
}

export type Seeded = ReturnType<typeof createSeeded>;

/** FNV-1a: 32 bits of a text. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash;
}
