import type { Arrivals, Departure } from './arrivals.ts';
import type { Permit } from './port.ts';

/** The quota that a permit is of. */
export interface PermitOwner {
  readonly arrivals: Arrivals;
  /** How long a request takes to arrive, in ms, as far as answers tell; smoothed. */
  arrivalMs: number;
  /** Called when `arrivedBy` of the permit has changed. */
  changed(permit: RequestPermit): void;
}

/** A permit and its request. Until the request is sent, `arrivedBy` is Infinity. After a release without one, it is -Infinity. */
export class RequestPermit implements Permit, Departure {
  readonly #owner: PermitOwner;
  sentAt = Number.NEGATIVE_INFINITY;
  wayMs = 0;
  arrivedBy = Number.POSITIVE_INFINITY;

  constructor(owner: PermitOwner) {
    this.#owner = owner;
  }

  get mayBeUsed(): boolean {
    return true;
  }

  get #isSent(): boolean {
    return this.sentAt > Number.NEGATIVE_INFINITY;
  }

  sent(): void {
    if (this.#isSent || this.arrivedBy === Number.NEGATIVE_INFINITY) return;
    this.#owner.arrivals.sent(this);
    this.#owner.changed(this);
  }

  answered(): void {
    if (!this.#isSent) return;
    const owner = this.#owner;
    owner.arrivalMs += (owner.arrivals.answered(this) - owner.arrivalMs) / 8;
    this.learnt();
  }

  learnt(): void {
    this.#owner.changed(this);
  }

  release(): void {
    if (this.#isSent) this.#owner.arrivals.abandoned(this);
    else {
      this.arrivedBy = Number.NEGATIVE_INFINITY;
      this.learnt();
    }
  }
}
