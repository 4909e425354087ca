/** All request bodies together, in bytes. */
export const DEFAULT_MAX_BODIES_BYTES = 64 * 1024 * 1024;

/** Most operations are smaller. They have an eighth more of the budget, which no large body can take from them. */
const SMALL_BYTES = 16 * 1024;
const FOR_SMALL = 9 / 8;

/** The place of what is no longer arriving. */
const GONE = -1;

/** What one request's body holds of the budget. */
export class BodyShare {
  readonly hasCredential: boolean;
  readonly #budget: BodyBudget;
  bytes = 0;
  /** Called when the body has to give way to another one: what is there of it must be let go. */
  onGiveWay: () => void = () => undefined;
  /** Its place among those that are arriving. */
  index: number;

  constructor(budget: BodyBudget, hasCredential: boolean, index: number) {
    this.#budget = budget;
    this.hasCredential = hasCredential;
    this.index = index;
  }

  /** Takes room for more bytes, be it from others. @returns whether there is any; if not, it has given way itself. */
  take(bytes: number): boolean {
    return this.#budget.take(this, bytes);
  }

  /** Nothing more will come; from now on it gives way to nobody. */
  complete(): void {
    this.#budget.complete(this);
  }

  /** Nothing is left of it. May be called more than once. */
  release(): void {
    this.#budget.release(this);
  }
}

/**
 * Bounds what the bodies of all requests hold, from their first byte until their operation is over, by what has arrived:
 * what is announced costs nothing. When it is used up, of the bodies that are still arriving the largest gives way, those
 * without a credential first: who holds many large ones open keeps nobody with a small one out.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  // A list: a Set whose entries come and go grows new tables, and the old ones keep what they held.
  readonly #arriving: BodyShare[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  open(hasCredential: boolean): BodyShare {
    const share = new BodyShare(this, hasCredential, this.#arriving.length);
    this.#arriving.push(share);
    return share;
  }

  take(share: BodyShare, bytes: number): boolean {
    share.bytes += bytes;
    this.#bytes += bytes;
    const most = share.bytes <= SMALL_BYTES ? FOR_SMALL * this.#maxBytes : this.#maxBytes;
    while (this.#bytes > most && share.index !== GONE) {
      const last = this.#arriving.reduce((one, other) => (givesWayTo(other, one) ? other : one), share);
      this.release(last);
      if (last !== share) last.onGiveWay();
    }
    return share.index !== GONE;
  }

  complete(share: BodyShare): void {
    const { index } = share;
    if (index === GONE) return;
    share.index = GONE;
    const moved = this.#arriving.pop() as BodyShare;
    if (moved === share) return;
    this.#arriving[index] = moved;
    moved.index = index;
  }

  release(share: BodyShare): void {
    this.complete(share);
    this.#bytes -= share.bytes;
    share.bytes = 0;
  }
}

/** Among equals, who asks for more gives way. */
function givesWayTo(one: BodyShare, other: BodyShare): boolean {
  if (one.hasCredential !== other.hasCredential) return other.hasCredential;
  return one.bytes > other.bytes;
}
