import type { ScheduledCall } from './scheduled-call.ts';

/** Calls that wait: of one caller, of one account, or of several lines that take turns. */
export abstract class Line {
  readonly name: string;
  /** How many calls wait here. */
  size = 0;
  #turns: Turns | undefined;

  constructor(name: string, turns?: Turns) {
    this.name = name;
    this.#turns = turns;
  }

  /** Takes out the next call that can start. */
  abstract next(): ScheduledCall | undefined;

  abstract all(): readonly ScheduledCall[];

  /** How many calls start before a call that has `ahead` calls before it in this line. Counts up to the line `root`. */
  startingBefore(ahead: number, root: Line): number {
    const turns = this.#turns;
    if (this === root || !turns) return ahead;
    return turns.startingBefore(turns.aheadOf(this, ahead), root);
  }

  moveTo(turns: Turns): void {
    if (turns === this.#turns) return;
    const { size } = this;
    this.grow(-size);
    this.#turns = turns;
    this.grow(size);
  }

  protected grow(by: number): void {
    this.size += by;
    this.#turns?.changed(this, by);
  }
}

/** Lines that take turns. A line that has had its turn, or that is new, goes to the end. */
export class Turns<Member extends Line = Line> extends Line {
  /** The lines with calls, in the order of their turns. */
  readonly #members = new Map<string, Member>();

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  /** The line of this name, or a new one, which enters the turns with its first call. */
  member(name: string, make: () => Member): Member {
    return this.#members.get(name) ?? make();
  }

  override next(): ScheduledCall | undefined {
    for (const [name, member] of this.#members) {
      const call = member.next();
      if (!call) continue;
      if (this.#members.size > 1 && this.#members.delete(name)) this.#members.set(name, member);
      return call;
    }
    return undefined;
  }

  override all(): readonly ScheduledCall[] {
    return [...this.#members.values()].flatMap((member) => member.all());
  }

  /** How many calls of all lines start before a call that has `ahead` calls before it in its own line. */
  aheadOf(line: Line, ahead: number): number {
    let before = ahead;
    let hasPassed = false;
    for (const member of this.#members.values()) {
      if (member === line) hasPassed = true;
      else before += Math.min(member.size, hasPassed ? ahead : ahead + 1);
    }
    return before;
  }

  changed(member: Line, by: number): void {
    if (by === 0) return;
    if (member.size === 0) this.#members.delete(member.name);
    else if (member.size === by) this.#members.set(member.name, member as Member);
    this.grow(by);
  }
}

/** Gives calls what they need to start. */
export interface Taker {
  /** Whether any call may start, as far as is known. */
  readonly isOpen: boolean;
  /** Whether a call may start that leaves room for others, as far as is known. */
  readonly hasRoom: boolean;
  /** Gives a call all that it needs, if it can start. `leavesRoom`: only if a fifth of the permits stays free. */
  take(call: ScheduledCall, leavesRoom: boolean): boolean;
}

/** Takes the first call that can start out of the list. */
export function takeFirst(
  calls: ScheduledCall[],
  taker: Taker,
  leavesRoom = false,
): ScheduledCall | undefined {
  for (let index = 0; index < calls.length && taker.isOpen && (!leavesRoom || taker.hasRoom); ) {
    const call = calls[index] as ScheduledCall;
    if (taker.take(call, leavesRoom)) return calls.splice(index, 1)[0];
    // A call that needs no request any more has left the list.
    if (calls[index] === call) index += 1;
  }
  return undefined;
}
