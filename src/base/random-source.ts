import { randomBytes } from 'node:crypto';

/** Randomness as an argument: a seeded source makes a run repeatable. */
export interface RandomSource {
  /** A number from 0 to 1, as `Math.random` gives. */
  next(): number;
  /** Bytes that cannot be guessed. */
  bytes(count: number): Buffer;
}

export const systemRandom: RandomSource = { next: Math.random, bytes: randomBytes };

const ID_BYTES = 12;

export function randomId({ bytes }: Pick<RandomSource, 'bytes'>): string {
  return bytes(ID_BYTES).toString('base64url');
}
