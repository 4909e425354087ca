import type { AccountQuotas } from './account-quotas.ts';
import type { Connections } from './connections.ts';
import { FairLine } from './fair-line.ts';
import { RULES } from './rules.ts';
import type { Shared } from './shared.ts';
import type { Turn } from './turn.ts';

/** Gives a call all that it needs, if it can start. `leavesRoom`: only if a fifth of the permits stays free. */
type Take = (turn: Turn, leavesRoom: boolean) => boolean;

/** The calls of one account that wait. Callers take turns, and so do the operations of a caller. */
export class AccountQueue extends FairLine<Turn> {
  readonly #ofClients = this.inner('calls of clients');
  readonly #polls = this.inner('polls');
  readonly #revalidations = this.inner('revalidations');
  readonly #connections: Connections;
  readonly #quotas: AccountQuotas;
  readonly #take: Take;
  /** Calls for clients that have started in a row while a call in the background waited. */
  #clientCallsInARow = 0;

  constructor(name: string, { queue, connections }: Shared, quotas: AccountQuotas, take: Take) {
    super(name, queue);
    this.#connections = connections;
    this.#quotas = quotas;
    this.#take = take;
  }

  /** Whether any call may start, as far as is known. */
  get mayStart(): boolean {
    return !this.#connections.isFull && this.#quotas.hasPermit;
  }

  isFullFor({ isInBackground }: Turn): boolean {
    return (isInBackground ? this.#inBackground : this.#ofClients.size) > RULES.maxWaiting;
  }

  /** The line of the call's operation. */
  lineOf({ call: { origin, notes } }: Turn): FairLine<Turn> {
    const lines = { none: this.#ofClients, poll: this.#polls, revalidation: this.#revalidations };
    return lines[notes.background ?? 'none'].inner(origin.caller).inner(origin);
  }

  started({ isInBackground }: Turn): void {
    this.#clientCallsInARow = isInBackground || this.#inBackground === 0 ? 0 : this.#clientCallsInARow + 1;
  }

  override next(starts: (call: Turn) => boolean): Turn | undefined {
    if (!this.mayStart) return undefined;
    const isBackgroundDue = this.#clientCallsInARow >= RULES.clientCallsInARow;
    return (
      (isBackgroundDue ? this.#nextInBackground(false) : undefined) ??
      this.#ofClients.next(starts) ??
      (this.#quotas.key.isEmptyForBackground ? undefined : this.#nextInBackground(true))
    );
  }

  protected override aheadOf(ahead: number): number {
    return ahead + Math.min(this.#inBackground, Math.floor(ahead / RULES.clientCallsInARow));
  }

  get #inBackground(): number {
    return this.#polls.size + this.#revalidations.size;
  }

  #nextInBackground(leavesRoom: boolean): Turn | undefined {
    const starts = (turn: Turn) => this.#take(turn, leavesRoom);
    return this.#polls.next(starts) ?? this.#revalidations.next(starts);
  }
}
