/** A process of the simulation. Its events wait while it stands still, and are dropped when it has ended. */
export class Owner {
  pausedUntil = 0;
  hasEnded = false;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** After a pause a process runs its timers first, then reads its sockets, as Node does. */
type Kind = 'timer' | 'socket';

interface Event {
  at: number;
  order: number;
  readonly owner: Owner | undefined;
  readonly action: () => void;
  isOff: boolean;
  readonly kind: Kind;
}

/** How many lines of the history are kept for a report. */
const KEPT_LINES = 50;
/** The event loop of Node turns after so many events. Only then Node reports rejected promises that are not handled. */
const TURN_EVERY = 16;
/** A socket event of a process that paused comes behind all timers of the same instant. */
const BEHIND_TIMERS = 2 ** 50;

/** Virtual time in ms, and what happens when: events in the order of their times, then of their making. */
export class Kernel {
  now = 0;
  events = 0;
  readonly #queue: Event[] = [];
  #made = 0;
  #lines: string[] = [];

  /** The returned function calls the event off. */
  after(delayMs: number, action: () => void, owner?: Owner, kind: Kind = 'timer'): () => void {
    this.#made += 1;
    const event: Event = {
      at: this.now + Math.max(0, delayMs),
      order: this.#made,
      owner,
      action,
      isOff: false,
      kind,
    };
    this.#push(event);
    return () => {
      event.isOff = true;
    };
  }

  /** Notes a line of the history: two runs with one seed give the same lines. */
  log(line: string): void {
    this.#lines.push(`${this.now.toFixed(3)} ${line}`);
    if (this.#lines.length > 20 * KEPT_LINES) this.#lines = this.#lines.slice(-KEPT_LINES);
  }

  get lastLines(): readonly string[] {
    return this.#lines.slice(-KEPT_LINES);
  }

  /** Lets time pass until then, or until `isOver`. All that follows from an event happens before the next one. */
  run(until: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (isOver() || !this.#step(until)) resolve();
          else if (this.events % TURN_EVERY === 0) setImmediate(next);
          else process.nextTick(next);
        } catch (error) {
          reject(error);
        }
      };
      // `nextTick` costs much less than a turn of the event loop. In a microtask it waits for all microtasks, so `step` has to be
      // one: outside of microtasks `nextTick` would come first.
      const now = Promise.resolve();
      const next = () => void now.then(step);
      next();
    });
  }

  /** Runs the next event; false: there is none until then. */
  #step(until: number): boolean {
    for (let event = this.#take(until); event; event = this.#take(until)) {
      const { owner } = event;
      if (event.isOff || owner?.hasEnded) continue;
      if (owner && owner.pausedUntil > event.at) {
        event.at = owner.pausedUntil;
        if (event.kind === 'socket' && event.order < BEHIND_TIMERS) event.order += BEHIND_TIMERS;
        this.#push(event);
        continue;
      }
      this.now = event.at;
      this.events += 1;
      event.action();
      return true;
    }
    this.now = Math.max(this.now, until);
    return false;
  }

  /** Events that are still to happen in a process. */
  pendingOf(owner: Owner): number {
    return this.#queue.filter((event) => event.owner === owner && !event.isOff).length;
  }

  #take(until: number): Event | undefined {
    const queue = this.#queue;
    const [first] = queue;
    if (!first || first.at > until) return undefined;
    const last = queue.pop() as Event;
    if (queue.length > 0) this.#sink(last);
    return first;
  }

  #push(event: Event): void {
    const queue = this.#queue;
    let at = queue.length;
    queue.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, queue[above] as Event)) break;
      queue[at] = queue[above] as Event;
      at = above;
    }
    queue[at] = event;
  }

  #sink(event: Event): void {
    const queue = this.#queue;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= queue.length) break;
      const right = queue[below + 1];
      if (right && isBefore(right, queue[below] as Event)) below += 1;
      if (!isBefore(queue[below] as Event, event)) break;
      queue[at] = queue[below] as Event;
      at = below;
    }
    queue[at] = event;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
