import { performance } from 'node:perf_hooks';
import type { ClientRequest } from '../client-request.ts';
import { OVERLOADED } from '../errors/coded-error.ts';

/** For how long work begins before the event loop continues with I/O and timers. */
const SLICE_MS = 20;
/** Ticks of the event loop after a slice that was used up, because Node.js accepts one connection in each tick. */
const TICKS_BETWEEN = 8;
/** A client may have this part of the places beyond the half that is free for all. */
const SHARE_OF_CLIENT = 1 / 8;
/** How much work of a client may wait. A client with a thousand connections may have an operation on each. */
const MOST_WAITING = 2_000;
/** The smallest memory of an operation, in bytes of a body. */
const OPERATION_BYTES = 8 * 1024;

/** Names the client of a request: clients take turns. */
export type ClientOf = (request: ClientRequest) => string;

/** The work of one client that waits, and that has begun after it waited. */
export interface Line {
  readonly client: string;
  /** Each begins the work that waits. */
  readonly waiting: (() => void)[];
  underWay: number;
}

/**
 * Holds work back: operations, live events, and parsing of what clients send. While less than half of the places are taken and the
 * slice has time left, work begins at once and belongs to no client. All other work waits in the line of its client, and the lines
 * take turns. So a client that fills the gate leaves places to others, and hundreds of operations at once do not delay new
 * connections, health checks and answers.
 */
export class Turns {
  readonly #clientOf: ClientOf;
  readonly #most: number;
  /** The work that has begun at once. */
  readonly #atOnce: Line = { client: '', waiting: [], underWay: 0 };
  /** The clients with work that waits or has waited. The client that had the last turn comes last. */
  readonly #lines = new Map<string, Line>();
  #underWay = 0;
  #waiting = 0;
  /** When the slice ends. 0: none has begun in this tick. */
  #until = 0;
  #ticks = 0;

  /** @param memoryBytes - the memory of all bodies, from which the number of places follows */
  constructor(clientOf: ClientOf, memoryBytes: number) {
    this.#clientOf = clientOf;
    this.#most = Math.ceil(memoryBytes / OPERATION_BYTES);
  }

  /** Begins work at once, and `end` must follow. Undefined if it has to wait. */
  begin(): Line | undefined {
    if (this.#waiting > 0 || !this.#isHalfFree() || !this.#hasTime()) return undefined;
    return this.#count(this.#atOnce);
  }

  /**
   * Waits for the turn of the client, and `end` must follow.
   * @param isEvent - of a stream, which has at most one event that waits
   * @throws OVERLOADED if too much of the client waits, never for an event
   */
  wait(request: ClientRequest, isEvent = false): Promise<Line> {
    const client = this.#clientOf(request);
    const line = this.#lines.get(client) ?? { client, waiting: [], underWay: 0 };
    if (line.waiting.length >= MOST_WAITING && !isEvent) return Promise.reject(OVERLOADED);
    this.#lines.set(client, line);
    this.#waiting += 1;
    this.#hasTime();
    return new Promise((resolve) => line.waiting.push(() => resolve(this.#count(line))));
  }

  end(line: Line): void {
    this.#underWay -= 1;
    line.underWay -= 1;
    // What began at once belongs to no client, but a client may have no name either.
    if (line !== this.#atOnce && line.underWay + line.waiting.length === 0) this.#lines.delete(line.client);
    if (this.#waiting > 0) this.#hasTime();
  }

  /** Runs work at once, or when it is the client's turn. @throws as `wait` does */
  async run<Result>(
    request: ClientRequest,
    work: () => Result | Promise<Result>,
    isEvent = false,
  ): Promise<Result> {
    const line = this.begin() ?? (await this.wait(request, isEvent));
    try {
      return await work();
    } finally {
      this.end(line);
    }
  }

  #count(line: Line): Line {
    this.#underWay += 1;
    line.underWay += 1;
    return line;
  }

  /** Whether the slice has time left. Begins one if there is none, and what waits begins in the next. */
  #hasTime(): boolean {
    const now = performance.now();
    if (this.#until === 0) {
      this.#until = now + SLICE_MS;
      setImmediate(this.#tick);
    }
    return now < this.#until;
  }

  readonly #tick = (): void => {
    if (this.#ticks > 0 || performance.now() >= this.#until) this.#ticks += 1;
    if (this.#ticks > 0 && this.#ticks < TICKS_BETWEEN) setImmediate(this.#tick);
    else {
      this.#ticks = 0;
      this.#until = 0;
      this.#beginWaiting();
    }
  };

  readonly #beginWaiting = (): void => {
    if (this.#waiting === 0) return;
    const line = this.#nextLine();
    if (!line || !this.#hasTime()) return;
    this.#lines.delete(line.client);
    this.#lines.set(line.client, line);
    this.#waiting -= 1;
    line.waiting.shift()?.();
    // After the microtasks of this work, which use the slice as well.
    queueMicrotask(() => process.nextTick(this.#beginWaiting));
  };

  #nextLine(): Line | undefined {
    if (this.#underWay >= this.#most) return undefined;
    const most = this.#isHalfFree() ? this.#most : SHARE_OF_CLIENT * this.#most;
    for (const line of this.#lines.values()) if (line.waiting.length > 0 && line.underWay < most) return line;
    return undefined;
  }

  #isHalfFree(): boolean {
    return this.#underWay < this.#most / 2;
  }
}
