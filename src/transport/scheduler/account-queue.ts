import { FairLine } from './fair-line.ts';
import { RULES } from './rules.ts';
import type { Turn } from './turn.ts';

/** What the queue of an account asks its account. */
interface Taker {
  /** Whether any call may start, as far as is known. */
  readonly isOpen: boolean;
  /** Whether a call may start that leaves room for others, as far as is known. */
  readonly hasRoom: boolean;
  /** Gives a call all that it needs, if it can start. `leavesRoom`: only if a fifth of the permits stays free. */
  take(call: Turn, leavesRoom: boolean): boolean;
}

/** The calls of one account that wait. Callers take turns, and so do the operations of a caller. */
export class AccountQueue extends FairLine<Turn> {
  readonly #ofClients = this.inner('calls of clients');
  readonly #polls = this.inner('polls');
  readonly #revalidations = this.inner('revalidations');
  readonly #taker: Taker;
  /** Calls for clients that have started in a row while a call in the background waited. */
  #clientCallsInARow = 0;

  constructor(name: string, outer: FairLine<Turn>, taker: Taker) {
    super(name, outer);
    this.#taker = taker;
  }

  isFullFor({ isInBackground }: Turn): boolean {
    return (isInBackground ? this.#inBackground : this.#ofClients.size) > RULES.maxWaiting;
  }

  /** The line of the call's operation. */
  lineOf({ call: { origin, background } }: Turn): FairLine<Turn> {
    const lines = { none: this.#ofClients, poll: this.#polls, revalidation: this.#revalidations };
    return lines[background ?? 'none'].inner(origin.caller).inner(origin);
  }

  started({ isInBackground }: Turn): void {
    this.#clientCallsInARow = isInBackground || this.#inBackground === 0 ? 0 : this.#clientCallsInARow + 1;
  }

  override next(starts: (call: Turn) => boolean): Turn | undefined {
    if (!this.#taker.isOpen) return undefined;
    const isBackgroundDue = this.#clientCallsInARow >= RULES.clientCallsInARow;
    return (
      (isBackgroundDue ? this.#nextInBackground(false) : undefined) ??
      this.#ofClients.next(starts) ??
      (this.#taker.hasRoom ? this.#nextInBackground(true) : undefined)
    );
  }

  protected override aheadOf(ahead: number): number {
    return ahead + Math.min(this.#inBackground, Math.floor(ahead / RULES.clientCallsInARow));
  }

  get #inBackground(): number {
    return this.#polls.size + this.#revalidations.size;
  }

  #nextInBackground(leavesRoom: boolean): Turn | undefined {
    const starts = (call: Turn) => this.#taker.take(call, leavesRoom);
    return this.#polls.next(starts) ?? this.#revalidations.next(starts);
  }
}
