import type { Place } from '../../state/port.ts';
import type { Clock } from '../clock.ts';
import type { Progress } from '../progress.ts';
import type { ArrivedBy } from './arrival.ts';

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
}
