import type { Origin } from '../call.ts';
import { Line, type Taker, type Turns, takeFirst } from './line.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

/** The calls of one caller of an account that wait for a client. */
export class CallerLine extends Line {
  readonly #taker: Taker;
  /** In order of arrival. */
  readonly #writes: ScheduledCall[] = [];
  /** The oldest operation first. */
  readonly #reads: ScheduledCall[] = [];
  #writesInARow = 0;

  constructor(name: string, turns: Turns<CallerLine>, taker: Taker) {
    super(name, turns);
    this.#taker = taker;
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
    const isTurnOfReads = this.#writesInARow >= RULES.writesInARow;
    const [first, second] = isTurnOfReads ? [this.#reads, this.#writes] : [this.#writes, this.#reads];
    const call = takeFirst(first, this.#taker) ?? takeFirst(second, this.#taker);
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
