/**
 * The API counts arrivals. A request arrives between its sending and the beginning of its answer, so it counts from its answer. If
 * the API works on it for longer, it counts from this time after its sending, in ms: the network never takes longer, not even with a
 * lost packet.
 */
export const LONGEST_WAY_MS = 500;
/** After so long without any sign of the API, a request is taken for arrived: longer than the network is usually cut, in ms. */
export const UNKNOWN_MS = 10_000;
/** The shortest answer time is that of the last one to two times so many answers. */
const ANSWERS = 8;

/** A request that was sent. */
export interface Departure {
  sentAt: number;
  /** The longest time that the network took when the request was sent, in ms. */
  wayMs: number;
  /** When the request has arrived at the latest, as far as is known. */
  arrivedBy: number;
  /** Called when `arrivedBy` becomes sooner. */
  learnt(): void;
}

/**
 * When the requests of this process have arrived at the API. An answer tells so of its own request. It also shows that the network
 * has worked since others were sent: since those before the answered request, and since those sent a way or longer before the
 * answer came. Without that sign a request may wait in the network, and arrives when the network works again.
 */
export class Arrivals {
  readonly #now: () => number;
  /** Requests without such a sign, in the order of sending. */
  #uncertain: Departure[] = [];
  #heardAt = Number.NEGATIVE_INFINITY;
  /** The last time without any answer that was longer than a way. */
  #silence = { from: Number.NEGATIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
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

  /** The answer begins, or the API has closed the connection. */
  answered(request: Departure): void {
    const now = this.#now();
    const { sentAt } = request;
    this.#note(now - sentAt);
    const from = this.#silentSince(now);
    if (now - from > LONGEST_WAY_MS) this.#silence = { from, to: now };
    this.#heardAt = now;
    request.arrivedBy = Math.min(request.arrivedBy, now);
    const later = this.#uncertain.findIndex(
      (other) => other.sentAt > sentAt && other.sentAt + other.wayMs > now,
    );
    const known = this.#uncertain.splice(0, later < 0 ? this.#uncertain.length : later);
    for (const other of known) if (other !== request) this.#learn(other, now);
  }

  /** No answer will come, because this process has closed the connection. */
  abandoned(request: Departure): void {
    const now = this.#now();
    const isSilent = now - this.#silentSince(now) > LONGEST_WAY_MS;
    // If the network seems to be cut, the request may wait there.
    if (isSilent && request.arrivedBy > now) return;
    const index = this.#uncertain.indexOf(request);
    if (index < 0) return;
    this.#uncertain.splice(index, 1);
    this.#learn(request, now);
  }

  /** The network works at this moment. A packet that it lost in a silence is sent again, after up to as long as the silence was. */
  #learn(request: Departure, now: number): void {
    const { from, to } = this.#silence;
    const { sentAt, wayMs } = request;
    const lateMs = Math.max(0, to - Math.max(from, sentAt));
    request.arrivedBy = Math.min(request.arrivedBy, Math.max(sentAt + wayMs, now + lateMs));
    request.learnt();
  }

  /** The API owes an answer since then. */
  #silentSince(now: number): number {
    return Math.max(this.#heardAt, this.#uncertain[0]?.sentAt ?? now);
  }

  /** If every answer takes longer than any way should, the way may be as long as the shortest answer time. */
  #wayMs(): number {
    const shortest = Math.min(this.#shortest.ofLast, this.#shortest.now);
    return Number.isFinite(shortest) ? Math.max(LONGEST_WAY_MS, shortest) : LONGEST_WAY_MS;
  }

  #note(answerMs: number): void {
    const shortest = this.#shortest;
    shortest.now = Math.min(shortest.now, answerMs);
    shortest.answers += 1;
    if (shortest.answers === ANSWERS)
      this.#shortest = { ofLast: shortest.now, now: Number.POSITIVE_INFINITY, answers: 0 };
  }
}
