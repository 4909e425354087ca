import { CallerLine } from './caller-line.ts';
import { Line, type Taker, Turns, takeFirst } from './line.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

/** The calls of one account that wait: callers in turn, and the calls in the background. */
export class AccountQueue extends Line {
  readonly callers: Turns<CallerLine> = new Turns<CallerLine>('callers');
  /** Polls, then revalidations, each in order of arrival. */
  readonly #background: ScheduledCall[] = [];
  readonly #taker: Taker;
  /** Calls for clients that have started in a row while a call in the background waited. */
  #clientCallsInARow = 0;

  constructor(name: string, turns: Turns, taker: Taker) {
    super(name, turns);
    this.#taker = taker;
  }

  isFullFor({ isInBackground }: ScheduledCall): boolean {
    return (isInBackground ? this.#background.length : this.callers.size) > RULES.maxWaiting;
  }

  add(call: ScheduledCall): void {
    if (!call.isInBackground) this.#lineOf(call).add(call);
    else if (isPoll(call)) this.#background.splice(this.#background.filter(isPoll).length, 0, call);
    else this.#background.push(call);
    this.grow(1);
  }

  remove(call: ScheduledCall): void {
    if (!call.isInBackground) this.#lineOf(call).remove(call);
    else this.#background.splice(this.#background.indexOf(call), 1);
    this.grow(-1);
  }

  started({ isInBackground }: ScheduledCall): void {
    const noneWaits = this.#background.length === 0;
    this.#clientCallsInARow = isInBackground || noneWaits ? 0 : this.#clientCallsInARow + 1;
  }

  override next(): ScheduledCall | undefined {
    if (this.size === 0 || !this.#taker.isOpen) return undefined;
    const isBackgroundDue = this.#clientCallsInARow >= RULES.clientCallsInARow;
    const call =
      (isBackgroundDue ? takeFirst(this.#background, this.#taker) : undefined) ??
      this.callers.next() ??
      takeFirst(this.#background, this.#taker, true);
    if (call) this.grow(-1);
    return call;
  }

  override all(): readonly ScheduledCall[] {
    return [...this.callers.all(), ...this.#background];
  }

  /** The waiting reads of the call's operation. */
  operationOf(call: ScheduledCall): readonly ScheduledCall[] {
    return this.#lineOf(call).readsOf(call.call.origin);
  }

  /** How many calls start before a waiting call of a client. Counts up to the line `root`. */
  aheadOf(call: ScheduledCall, root: Line): number {
    const line = this.#lineOf(call);
    const ahead = this.callers.aheadOf(line, line.aheadOf(call));
    const background = Math.min(this.#background.length, Math.floor(ahead / RULES.clientCallsInARow));
    return this.startingBefore(ahead + background, root);
  }

  #lineOf({ call: { origin } }: ScheduledCall): CallerLine {
    const { caller } = origin;
    return this.callers.member(caller, () => new CallerLine(caller, this.callers, this.#taker));
  }
}

const isPoll = ({ call }: ScheduledCall): boolean => call.background === 'poll';
