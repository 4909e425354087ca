import type { Seeded } from '../support/random/seeded.ts';
import type { Kernel, Owner } from './kernel.ts';

/** How a link is at the moment, in one direction. */
export interface Way {
  latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  /** Nothing arrives before then. */
  cutUntil: number;
  cutFrom: number;
}

export interface Link {
  readonly there: Way;
  readonly back: Way;
}

export function createLink(latencyMs: number, jitterMs: number, loss: number): Link {
  const way = (): Way => ({ latencyMs, jitterMs, loss, cutUntil: 0, cutFrom: 0 });
  return { there: way(), back: way() };
}

export function moveAway(kernel: Kernel, { there, back }: Link, ms: number, forMs: number): void {
  for (const way of [there, back]) {
    way.latencyMs += ms;
    kernel.after(forMs, () => {
      way.latencyMs -= ms;
    });
  }
}

/** Cuts one direction, the other, or both if `lot` is from 0.3 to 0.7. */
export function cutLink({ now }: Kernel, { there, back }: Link, lot: number, forMs: number): void {
  const cut = (way: Way) => {
    if (way.cutUntil < now) way.cutFrom = now;
    way.cutUntil = Math.max(way.cutUntil, now + forMs);
  };
  if (lot > 0.3) cut(there);
  if (lot < 0.7) cut(back);
}

/** TCP sends a lost packet again after this time at least. */
const AGAIN_MS = 200;

/** One direction of a connection: everything arrives, late perhaps, and in order. */
export class Channel {
  readonly #kernel: Kernel;
  readonly #way: Way;
  readonly #random: Seeded;
  #lastAt = 0;

  constructor(kernel: Kernel, way: Way, random: Seeded) {
    this.#kernel = kernel;
    this.#way = way;
    this.#random = random;
  }

  send(deliver: () => void, owner?: Owner): void {
    const { latencyMs, jitterMs, loss, cutFrom, cutUntil } = this.#way;
    const { now } = this.#kernel;
    const random = this.#random;
    let delayMs = latencyMs + random.next() * jitterMs;
    // A packet that is lost is sent again.
    if (random.chance(loss)) delayMs += Math.max(AGAIN_MS, 2 * latencyMs);
    // In a cut TCP tries again after twice the time, each time.
    if (cutUntil > now)
      delayMs += cutUntil - now + random.next() * Math.min(cutUntil - now, cutUntil - cutFrom);
    const at = Math.max(now + delayMs, this.#lastAt);
    this.#lastAt = at;
    this.#kernel.after(at - now, deliver, owner, 'socket');
  }
}
