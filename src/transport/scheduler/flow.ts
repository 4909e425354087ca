/** How a flow shares the turns of its parent with the other flows there. */
export interface Share {
  /** The cost of a call. Flows of cost 1/4 have four calls where flows of cost 1 have one call. Infinity: last. */
  readonly cost: number;
  /** How far ahead of the others a flow begins that has not waited before, in calls of cost 1. */
  readonly credit: number;
  /** Whether a flow that comes back keeps its place in the order of turns, so that it gets its credit once. */
  readonly isKept?: boolean;
  /** Whether the oldest flow goes first, and its calls cost nothing, where the calls waited for a connection. */
  readonly isByAge?: boolean;
}

/** Whether a call has all that it needs. If so, the call starts. */
type MayStart<Call> = (call: Call) => boolean;

interface FlowOptions<Call> {
  readonly key?: unknown;
  /** When the work of the flow began, on any clock. */
  readonly since?: number;
  /** Whether any call of the flow may start. */
  readonly isOpen?: () => boolean;
  /** Takes a call that goes before all turns. */
  readonly takeFirst?: () => Call | undefined;
  /** Gives the calls of the flow in the order in which they start; by default in the order in which they came. */
  readonly inOrder?: (calls: readonly Call[]) => Iterable<Call>;
}

/**
 * Calls that wait, in a tree: a flow holds either calls or other flows, which take turns by start-time fair queueing (Goyal, Vin and
 * Cheng, 1996). Each flow has a start tag, and each call moves it on by what the call costs. The flow whose next call ends first is
 * next. The virtual time of the parent moves on by one when each of its flows has had a call. A flow that begins to wait starts at
 * that time, less its credit, so it waits for at most one call of the others, and cannot starve them.
 */
export class Flow<Call extends object> {
  readonly share: Share;
  readonly key: unknown;
  /** How many calls wait in it, or below it. */
  size = 0;
  #parent: Flow<Call> | undefined;
  #start = Number.NEGATIVE_INFINITY;
  readonly #options: FlowOptions<Call>;
  readonly #calls: Call[] = [];
  /** The virtual time. */
  #now = 0;
  /** The calls that the flows with calls have in a round, in all. */
  #weight = 0;
  /** The flows with calls, in the order of their turns. */
  #waiting: Flow<Call>[] = NONE;
  /** The flows with calls from the oldest on, where their age matters. */
  #byAge: Flow<Call>[] = NONE;
  #flows: Map<unknown, Flow<Call>> | undefined;

  constructor(share: Share, parent: Flow<Call> | undefined, options: FlowOptions<Call> = {}) {
    this.share = share;
    this.key = options.key;
    this.#parent = parent;
    this.#options = options;
  }

  /** The flow of a key in this flow, which is made if there is none. */
  flowOf(key: unknown, share: Share, since = 0): Flow<Call> {
    this.#flows ??= new Map();
    let flow = this.#flows.get(key);
    if (!flow) {
      flow = new Flow(share, this, { key, since });
      this.#flows.set(key, flow);
    }
    return flow;
  }

  /** The flows with calls. */
  get waiting(): readonly Flow<Call>[] {
    return this.#waiting;
  }

  add(call: Call): void {
    this.#calls.push(call);
    this.#grow(1);
  }

  remove(call: Call): void {
    const had = this.#calls.length;
    remove(this.#calls, call);
    this.#grow(this.#calls.length - had);
  }

  /** Takes out the first call in turn that may start. `forConnection`: it was a connection that the calls waited for. */
  next(mayStart: MayStart<Call>, forConnection: boolean): Call | undefined {
    const { isOpen, takeFirst, inOrder } = this.#options;
    if (this.size === 0 || isOpen?.() === false) return undefined;
    const first = takeFirst?.();
    if (first) return first;
    const calls = inOrder?.(this.#calls) ?? this.#calls;
    for (const call of calls) {
      if (mayStart(call)) {
        this.remove(call);
        return call;
      }
      if (!this.#isReachable) return undefined;
    }
    const isByAge = forConnection && this.#byAge.length > 0;
    for (const flow of isByAge ? this.#byAge : this.#waiting) {
      const call = flow.next(mayStart, forConnection);
      if (call !== undefined) {
        if (!isByAge) this.#charge(flow);
        return call;
      }
      if (!this.#isReachable) return undefined;
    }
    return undefined;
  }

  /** The call that is last in turn. */
  get last(): Call | undefined {
    return this.#calls.at(-1) ?? this.#waiting.at(-1)?.last;
  }

  /** All calls that wait in it, or below it. */
  all(): readonly Call[] {
    return [...this.#calls, ...this.#waiting.flatMap((flow) => flow.all())];
  }

  /** How many calls start before a call that has so many before it in this flow, up to the turns of the flow `root`. */
  startingBefore(ahead: number, root: Flow<Call>): number {
    const parent = this.#parent;
    if (!parent || this === root) return ahead;
    const endsAt = this.#start + (ahead + 1) * this.share.cost;
    let before = ahead;
    for (const other of parent.#waiting) {
      if (other === this || other.share.cost === Number.POSITIVE_INFINITY) continue;
      const calls = Math.floor((endsAt - other.#start) / other.share.cost);
      before += Math.max(0, Math.min(other.size, calls));
    }
    return parent.startingBefore(before, root);
  }

  /** Moves the flow, with the calls that wait in it, to another parent. */
  moveTo(parent: Flow<Call>): void {
    const { size } = this;
    if (parent === this.#parent) return;
    this.#grow(-size);
    this.#parent = parent;
    this.#start = Number.NEGATIVE_INFINITY;
    this.#grow(size);
  }

  /** Whether this flow and all flows above it are open. A call that did not start may have closed a flow above, for all its calls. */
  get #isReachable(): boolean {
    const parent = this.#parent;
    return this.#options.isOpen?.() !== false && (!parent || parent.#isReachable);
  }

  #grow(count: number): void {
    const had = this.size;
    this.size += count;
    const parent = this.#parent;
    if (!parent || count === 0) return;
    if (had === 0) parent.#enter(this);
    else if (this.size === 0) parent.#leave(this);
    parent.#grow(count);
  }

  #enter(flow: Flow<Call>): void {
    flow.#start = Math.max(flow.#start, this.#now - flow.share.credit);
    this.#weight += 1 / flow.share.cost;
    this.#place(flow);
    if (!flow.share.isByAge) return;
    if (this.#byAge === NONE) this.#byAge = [];
    insert(this.#byAge, flow, (one, other) => one.#since < other.#since);
  }

  #leave(flow: Flow<Call>): void {
    this.#weight -= 1 / flow.share.cost;
    remove(this.#waiting, flow);
    remove(this.#byAge, flow);
    if (this.#waiting.length === 0) {
      this.#weight = 0;
      this.#flows?.clear();
    } else if (!flow.share.isKept) this.#flows?.delete(flow.key);
    else if (this.#flows && this.#flows.size > 2 * this.#waiting.length + FORGET_FROM)
      this.#forget(this.#flows);
  }

  /** Drops the flows whose places in the order no longer differ from the place of a new flow. */
  #forget(flows: Map<unknown, Flow<Call>>): void {
    for (const [key, flow] of flows)
      if (flow.size === 0 && flow.#start <= this.#now - flow.share.credit) flows.delete(key);
  }

  /** A flow has had a call. A flow that could not go on for a while has no more than one call to make up for. */
  #charge(flow: Flow<Call>): void {
    const { cost } = flow.share;
    if (cost === Number.POSITIVE_INFINITY) return;
    const start = Math.max(flow.#start, this.#now - cost);
    this.#now = Math.max(start, this.#now + 1 / (flow.size > 0 ? this.#weight : this.#weight + 1 / cost));
    flow.#start = start + cost;
    if (flow.size === 0 || this.#waiting.length === 1) return;
    remove(this.#waiting, flow);
    this.#place(flow);
  }

  #place(flow: Flow<Call>): void {
    if (this.#waiting === NONE) this.#waiting = [];
    insert(this.#waiting, flow, Flow.#isBefore);
  }

  get #since(): number {
    return this.#options.since ?? 0;
  }

  /** If the next calls of two flows end at the same time, the flow with fewer calls goes first. */
  static #isBefore<Call extends object>(one: Flow<Call>, other: Flow<Call>): boolean {
    const [end, otherEnd] = [one.#start + one.share.cost, other.#start + other.share.cost];
    return end === otherEnd ? one.size < other.size : end < otherEnd;
  }
}

/** Inserts an item behind all items that it does not go before. */
function insert<Item>(items: Item[], item: Item, isBefore: (one: Item, other: Item) => boolean): void {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(item, items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  items.splice(low, 0, item);
}

function remove<Item>(items: Item[], item: Item): void {
  const index = items.indexOf(item);
  if (index >= 0) items.splice(index, 1);
}

/** Most flows hold calls only. */
const NONE: never[] = [];
/** So many flows may be kept, besides as many as twice those that wait. */
const FORGET_FROM = 16;
