import { CallerLine } from './caller-line.ts';
import { type Line, type Taker, Turns, takeFirst } from './line.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

/** The calls of one account that wait: callers in turn, and beside them the calls in the background. */
export class AccountQueue extends Turns<CallerLine> {
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
    const inBackground = this.#background.length;
    return (isInBackground ? inBackground : this.size - inBackground) > RULES.maxWaiting;
  }

  add(call: ScheduledCall): void {
    if (!call.isInBackground) {
      this.#lineOf(call).add(call);
      return;
    }
    if (isPoll(call)) this.#background.splice(this.#background.filter(isPoll).length, 0, call);
    else this.#background.push(call);
    this.grow(1);
  }

  remove(call: ScheduledCall): void {
    if (!call.isInBackground) {
      this.#lineOf(call).remove(call);
      return;
    }
    this.#background.splice(this.#background.indexOf(call), 1);
    this.grow(-1);
  }

  started({ isInBackground }: ScheduledCall): void {
    const noneWaits = this.#background.length === 0;
    this.#clientCallsInARow = isInBackground || noneWaits ? 0 : this.#clientCallsInARow + 1;
  }

  override next(): ScheduledCall | undefined {
    if (this.size === 0 || !this.#taker.isOpen) return undefined;
    const isBackgroundDue = this.#clientCallsInARow >= RULES.clientCallsInARow;
    return (
      (isBackgroundDue ? this.#nextInBackground(false) : undefined) ??
      super.next() ??
      this.#nextInBackground(true)
    );
  }

  override all(): readonly ScheduledCall[] {
    return [...super.all(), ...this.#background];
  }

  override aheadOf(line: Line, ahead: number): number {
    const before = super.aheadOf(line, ahead);
    return before + Math.min(this.#background.length, Math.floor(before / RULES.clientCallsInARow));
  }

  /** The waiting reads of the call's operation. */
  operationOf(call: ScheduledCall): readonly ScheduledCall[] {
    return this.#lineOf(call).readsOf(call.call.origin);
  }

  /** How many calls of the line `root` start before a waiting call of a client. */
  aheadOfCall(call: ScheduledCall, root: Line): number {
    const line = this.#lineOf(call);
    return line.startingBefore(line.aheadOf(call), root);
  }

  #nextInBackground(leavesRoom: boolean): ScheduledCall | undefined {
    const call = takeFirst(this.#background, this.#taker, leavesRoom);
    if (call) this.grow(-1);
    return call;
  }

  #lineOf({ call: { origin } }: ScheduledCall): CallerLine {
    const { caller } = origin;
    return this.member(caller, () => new CallerLine(caller, this, this.#taker));
  }
}

const isPoll = ({ call }: ScheduledCall): boolean => call.background === 'poll';
