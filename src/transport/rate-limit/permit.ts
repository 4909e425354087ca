import type { Place } from '../../state/port.ts';
import type { Clock } from '../clock.ts';
import type { Progress } from '../progress.ts';

/** Who gives permits. */
export interface PermitGiver {
  readonly clock: Clock;
  readonly arrivedBy: ArrivedBy;
  /** Learns how the request has ended. */
  ended(endpoint: string, failure: unknown): void;
}

/**
 * What one request needs to be sent: its places in the quotas, which count from its arrival. It learns of that as the
 * progress of the request.
 */
export class Permit implements Progress {
  readonly #giver: PermitGiver;
  readonly #endpoint: string;
  readonly #places: readonly Place[];
  readonly #progress: Progress;
  #sentAt = 0;

  constructor(giver: PermitGiver, endpoint: string, places: readonly Place[], progress: Progress) {
    this.#giver = giver;
    this.#endpoint = endpoint;
    this.#places = places;
    this.#progress = progress;
  }

  sent(): void {
    this.#sentAt = this.#giver.clock.now();
    for (const place of this.#places) place.sent();
    this.#progress.sent();
  }

  responded(): void {
    const { clock, arrivedBy } = this.#giver;
    const arrivedMsAgo = clock.now() - arrivedBy(this.#endpoint, this.#sentAt);
    for (const place of this.#places) place.done(arrivedMsAgo);
    this.#progress.responded();
  }

  ended(failure: unknown): void {
    for (const place of this.#places) place.done(0);
    this.#giver.ended(this.#endpoint, failure);
    this.#progress.ended(failure);
  }

  queued(): void {
    this.#progress.queued();
  }

  dequeued(waitedMs: number): void {
    this.#progress.dequeued(waitedMs);
  }

  retried(): void {
    this.#progress.retried();
  }

  uncoordinated(): void {
    this.#progress.uncoordinated();
  }
}

/** When a request arrived at the latest, on the clock; to be called when its answer begins. */
export type ArrivedBy = (endpoint: string, sentAt: number) => number;

/** An endpoint that answers faster than this is not told apart from the network. */
const NETWORK_MS = 15;
/** A request is not thought to be under way for longer: then the API was slow. */
const MAX_LAG_MS = 250;
const PERIOD_MS = 1_000;

interface Least {
  readonly from: number;
  readonly before: number;
  ms: number;
}

/**
 * The API counts arrivals, which lag behind the sending by a time that only the answer bounds. What an endpoint takes at
 * the least, over the last period and this one, is work and not lag: to count it would waste the quota.
 */
export function createArrivals(clock: Clock): ArrivedBy {
  const leasts = new Map<string, Least>();

  const leastOf = (endpoint: string, tookMs: number): number => {
    const now = clock.now();
    let least = leasts.get(endpoint);
    if (!least || now - least.from >= PERIOD_MS) {
      least = { from: now, before: least?.ms ?? 0, ms: tookMs };
      leasts.set(endpoint, least);
    }
    least.ms = Math.min(least.ms, tookMs);
    return Math.min(least.before, least.ms);
  };

  return (endpoint, sentAt) => {
    const tookMs = clock.now() - sentAt;
    const workMs = Math.max(0, leastOf(endpoint, tookMs) - NETWORK_MS);
    return sentAt + Math.min(MAX_LAG_MS, tookMs - workMs);
  };
}
