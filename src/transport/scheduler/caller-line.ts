import type { Origin } from '../call.ts';
import { Line, type Turns, takeFirst } from './line.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

interface CallerLineOptions {
  /** Gives a call all that it needs, if it can start. */
  readonly take: (call: ScheduledCall) => boolean;
  /** Whether any call of the account may start, as far as is known. */
  readonly isOpen: () => boolean;
}

/** The calls of one caller of an account that wait for a client. */
export class CallerLine extends Line {
  readonly #options: CallerLineOptions;
  /** In order of arrival. */
  readonly #writes: ScheduledCall[] = [];
  /** The oldest operation first. */
  readonly #reads: ScheduledCall[] = [];
  #writesInARow = 0;

  constructor(name: string, turns: Turns<CallerLine>, options: CallerLineOptions) {
    super(name, turns);
    this.#options = options;
  }

  add(added: ScheduledCall): void {
    const calls = this.#callsLike(added);
    const since = startedAt(added);
    let index = calls.length;
    if (calls === this.#reads) while (index > 0 && startedAt(calls[index - 1]) > since) index -= 1;
    calls.splice(index, 0, added);
    this.grow(1);
  }

  remove(call: ScheduledCall): void {
    const calls = this.#callsLike(call);
    calls.splice(calls.indexOf(call), 1);
    this.grow(-1);
  }

  override next(): ScheduledCall | undefined {
    const { take, isOpen } = this.#options;
    const isTurnOfReads = this.#writesInARow >= RULES.writesInARow;
    const [first, second] = isTurnOfReads ? [this.#reads, this.#writes] : [this.#writes, this.#reads];
    const call = takeFirst(first, take, isOpen) ?? takeFirst(second, take, isOpen);
    if (!call) return undefined;
    this.grow(-1);
    this.#writesInARow = call.isWrite && this.#reads.length > 0 ? this.#writesInARow + 1 : 0;
    return call;
  }

  override all(): readonly ScheduledCall[] {
    return [...this.#writes, ...this.#reads];
  }

  readsOf(operation: Origin): readonly ScheduledCall[] {
    return this.#reads.filter(({ call }) => call.origin === operation);
  }

  /** How many calls of this caller start before a waiting call. */
  aheadOf(call: ScheduledCall): number {
    const index = this.#callsLike(call).indexOf(call);
    const { writesInARow } = RULES;
    if (call.isWrite)
      return index + Math.min(this.#reads.length, Math.floor((this.#writesInARow + index) / writesInARow));
    return index + Math.min(this.#writes.length, writesInARow * (index + 1) - this.#writesInARow);
  }

  #callsLike({ isWrite }: ScheduledCall): ScheduledCall[] {
    return isWrite ? this.#writes : this.#reads;
  }
}

const startedAt = (scheduled: ScheduledCall | undefined): number => scheduled?.call.origin.startedAt ?? 0;
