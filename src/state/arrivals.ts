/**
 * The API counts requests when they arrive. A request arrives between its sending and the start of its answer, so it
 * counts from its answer. If the answer takes longer, the request counts from this time after its sending, in ms. The
 * network never takes longer than this, even if a packet is lost.
 */
export const LONGEST_WAY_MS = 500;
/** Without any sign from the API, in ms after sending. Network outages are usually shorter. */
export const UNKNOWN_MS = 10_000;
/** After a longer silence the network may have been cut, in ms: TCP sends a lost packet again after this time at the earliest. */
const SILENCE_MS = 200;
/** The shortest answer time covers the last `ANSWERS` to 2 × `ANSWERS` answers. */
const ANSWERS = 8;

export interface Departure {
  sentAt: number;
  /** The longest time that the network may need for the request, estimated at its sending, in ms. */
  wayMs: number;
  /** The latest time at which the request arrives, as far as is known. */
  arrivedBy: number;
  /** Called when `arrivedBy` changes before the answer. */
  learnt(): void;
}

/**
 * Estimates when the requests of this process have arrived at the API. An answer proves that its own request has
 * arrived. An answer also shows that the network worked, which confirms every request sent before the answered request. A
 * request sent later may still wait in the network, and arrive when the network works again.
 */
export class Arrivals {
  readonly #now: () => number;
  /** Requests that no answer has confirmed, in the order of sending. */
  #uncertain: Departure[] = [];
  /** The end of the last period longer than `SILENCE_MS` in which no answer has confirmed a request. */
  #silentUntil = Number.NEGATIVE_INFINITY;
  #shortest = { ofLast: Number.POSITIVE_INFINITY, now: Number.POSITIVE_INFINITY, answers: 0 };

  constructor(now: () => number) {
    this.#now = now;
  }

  sent(request: Departure): void {
    const now = this.#now();
    request.sentAt = now;
    request.wayMs = this.#wayMs();
    request.arrivedBy = now + UNKNOWN_MS;
    this.#uncertain.push(request);
    const old = this.#uncertain.findIndex(({ arrivedBy }) => arrivedBy > now);
    if (old > 0) this.#uncertain.splice(0, old);
  }

  /**
   * Called when the answer begins, or when the API has closed the connection. Returns how long the request took to arrive,
   * as far as the answer tells, in ms.
   */
  answered(request: Departure): number {
    const now = this.#now();
    const { sentAt } = request;
    this.#note(now - sentAt);
    // Each uncertain request was sent after the last answered request, so the way was silent since the oldest.
    if (now - (this.#uncertain[0]?.sentAt ?? now) > SILENCE_MS) this.#silentUntil = now;
    request.arrivedBy = Math.min(request.arrivedBy, now);
    const later = this.#uncertain.findIndex((other) => other.sentAt > sentAt);
    const known = this.#uncertain.splice(0, later < 0 ? this.#uncertain.length : later);
    for (const other of known) if (other !== request) this.#learn(other, now);
    return Math.min(request.arrivedBy - sentAt, request.wayMs);
  }

  /** Called when no answer will come, because this process has closed the connection. */
  abandoned(request: Departure): void {
    const now = this.#now();
    const isSilent = now - (this.#uncertain[0]?.sentAt ?? now) > LONGEST_WAY_MS;
    // If the network seems to be cut, the request may still wait in the network.
    if (isSilent && request.arrivedBy > now) return;
    const index = this.#uncertain.indexOf(request);
    if (index < 0) return;
    this.#uncertain.splice(index, 1);
    this.#learn(request, now);
  }

  /**
   * A packet lost in a silence is sent again after at most the length of the silence. After a long silence this may be
   * later than `UNKNOWN_MS` after sending.
   */
  #learn(request: Departure, now: number): void {
    const lateMs = Math.max(0, this.#silentUntil - request.sentAt);
    request.arrivedBy = Math.max(request.sentAt + request.wayMs, now + Math.min(UNKNOWN_MS, lateMs));
    request.learnt();
  }

  /** If every answer takes longer than `LONGEST_WAY_MS`, the network may need as long as the shortest answer. */
  #wayMs(): number {
    const shortest = Math.min(this.#shortest.ofLast, this.#shortest.now);
    // A process that stood still sees answers that took longer than any way.
    return shortest < UNKNOWN_MS ? Math.max(LONGEST_WAY_MS, shortest) : LONGEST_WAY_MS;
  }

  #note(answerMs: number): void {
    const shortest = this.#shortest;
    shortest.now = Math.min(shortest.now, answerMs);
    shortest.answers += 1;
    if (shortest.answers === ANSWERS)
      this.#shortest = { ofLast: shortest.now, now: Number.POSITIVE_INFINITY, answers: 0 };
  }
}
