import { RULES } from './rules.ts';

/** An account, as far as its connections go. */
interface Holder {
  /** Its requests under way. */
  readonly underWay: number;
  /** Whether LuaAuth has not accepted its key. All such keys count as one account. */
  readonly isUnaccepted: boolean;
}

/** The connections to LuaAuth. An account with requests under way leaves the last free connection to another account. */
export class Connections {
  #free: number;
  #ofUnaccepted = 0;

  constructor(count: number) {
    this.#free = count;
  }

  hasOneFor({ underWay, isUnaccepted }: Holder): boolean {
    if (isUnaccepted && underWay >= RULES.maxUnderWayOfUnaccepted) return false;
    return this.#free > ((isUnaccepted ? this.#ofUnaccepted : underWay) > 0 ? 1 : 0);
  }

  /** Requests of the account have begun, or have ended where `by` is negative. */
  change({ isUnaccepted }: Holder, by: number): void {
    this.#free -= by;
    if (isUnaccepted) this.#ofUnaccepted += by;
  }

  /** LuaAuth has accepted the key of the account. */
  accepted({ underWay }: Holder): void {
    this.#ofUnaccepted -= underWay;
  }
}
