import { CallerLine } from './caller-line.ts';
import { Line, Turns, takeFirst } from './line.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

interface AccountQueueOptions {
  /** Gives a call all that it needs, if it can start. `leavesRoom`: only if a fifth of the permits stays free. */
  readonly take: (call: ScheduledCall, leavesRoom: boolean) => boolean;
  /** Whether any call of the account may start, as far as is known. */
  readonly isOpen: () => boolean;
  /** Whether a call may start that leaves room for others, as far as is known. */
  readonly hasRoom: () => boolean;
}

/** The calls of one account that wait: callers in turn, and the calls in the background. */
export class AccountQueue extends Line {
  readonly callers: Turns<CallerLine> = new Turns<CallerLine>('callers');
  /** Polls, then revalidations, each in order of arrival. */
  readonly #background: ScheduledCall[] = [];
  readonly #options: AccountQueueOptions;
  /** Calls for clients that have started in a row while a call in the background waited. */
  #clientCallsInARow = 0;

  constructor(name: string, turns: Turns, options: AccountQueueOptions) {
    super(name, turns);
    this.#options = options;
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
    const { isOpen, hasRoom } = this.#options;
    if (this.size === 0 || !isOpen()) return undefined;
    const isBackgroundDue = this.#clientCallsInARow >= RULES.clientCallsInARow;
    const call =
      (isBackgroundDue ? this.#nextInBackground(false, isOpen) : undefined) ??
      this.callers.next() ??
      this.#nextInBackground(true, () => isOpen() && hasRoom());
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

  #nextInBackground(leavesRoom: boolean, isOpen: () => boolean): ScheduledCall | undefined {
    return takeFirst(this.#background, (call) => this.#options.take(call, leavesRoom), isOpen);
  }

  #lineOf({ call: { origin } }: ScheduledCall): CallerLine {
    const { take, isOpen } = this.#options;
    const make = () =>
      new CallerLine(origin.caller, this.callers, { take: (call) => take(call, false), isOpen });
    return this.callers.member(origin.caller, make);
  }
}

const isPoll = ({ call }: ScheduledCall): boolean => call.background === 'poll';
