/** How a flow shares the turns of its parent with the other flows there. */
export interface Share {
  /** A flow of cost 1/4 starts four calls while a flow of cost 1 starts one. Infinity: always last. */
  readonly cost: number;
  /** How far ahead of the others a new flow begins, in calls of cost 1. */
  readonly credit: number;
  /** Whether a flow that comes back keeps its place in the order of turns. It gets its credit only once. */
  readonly keepsPlace?: boolean;
  /**
   * Whether the calls of a flow are of use only together. The flow then gets all its turns one after the other. Next is
   * the flow that would end first if all took turns (Friedman and Henderson's fair sojourn protocol, 2003). When a
   * connection becomes free, the oldest flow goes first, and its call costs nothing.
   */
  readonly isWhole?: boolean;
}

/** Returns whether a call has all that it needs. The call then starts. */
type MayStart<Call> = (call: Call) => boolean;

interface FlowOptions<Call> {
  readonly key?: unknown;
  /** When the work of the flow began, on any clock. */
  readonly since?: number;
  /** Whether any call of the flow may start. */
  readonly isOpen?: () => boolean;
  /** Takes a call that goes before all turns. */
  readonly takeFirst?: () => Call | undefined;
  /** Returns the calls of the flow in the order of their starts; by default in order of arrival. */
  readonly inOrder?: (calls: readonly Call[]) => Iterable<Call>;
}

/**
 * Calls that wait, in a tree. A flow holds either calls or other flows. Flows take turns by start-time fair queueing
 * (Goyal, Vin and Cheng, 1996). Each flow has a start tag, and each call moves the tag on by the call's cost. The flow
 * whose next call ends first is next. The virtual time of the parent moves on by one when each of its flows has had a
 * call. A flow that begins to wait starts at that time, less its credit. So it waits for at most one call of the
 * others, and cannot starve them.
 */
export class Flow<Call extends object> {
  readonly share: Share;
  readonly key: unknown;
  size = 0;
  /** Calls of a whole flow that have had a turn. */
  #had = 0;
  #parent: Flow<Call> | undefined;
  #start = Number.NEGATIVE_INFINITY;
  readonly #options: FlowOptions<Call>;
  #calls: Call[] = NONE;
  /** The virtual time. */
  #now = 0;
  /** Calls per round of all flows with calls together. */
  #weight = 0;
  /** The flows with calls, in the order of their turns. */
  #waiting: Flow<Call>[] = NONE;
  /** The flows with calls whose share is by age, oldest first. */
  #byAge: Flow<Call>[] = NONE;
  #flows: Map<unknown, Flow<Call>> | undefined;

  constructor(share: Share, parent: Flow<Call> | undefined, options: FlowOptions<Call> = {}) {
    this.share = share;
    this.key = options.key;
    this.#parent = parent;
    this.#options = options;
  }

  flowOf(key: unknown, share: Share, since = 0): Flow<Call> {
    this.#flows ??= new Map();
    let flow = this.#flows.get(key);
    if (!flow) {
      flow = new Flow(share, this, { key, since });
      this.#flows.set(key, flow);
    }
    return flow;
  }

  get waiting(): readonly Flow<Call>[] {
    return this.#waiting;
  }

  add(call: Call): void {
    // An array that begins empty reserves room for 17 calls. Most flows have a single call.
    if (this.#calls.length === 0) this.#calls = [call];
    else this.#calls.push(call);
    this.#grow(1);
  }

  remove(call: Call): void {
    const had = this.#calls.length;
    remove(this.#calls, call);
    this.#grow(this.#calls.length - had);
  }

  /** Takes out the first call in turn that may start. `forConnection`: a connection has become free. */
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
    const takesOldest = forConnection && this.#byAge.length > 0;
    for (const flow of takesOldest ? this.#byAge : this.#waiting) {
      const call = flow.next(mayStart, forConnection);
      if (call !== undefined) {
        if (!takesOldest) this.#charge(flow);
        return call;
      }
      if (!this.#isReachable) return undefined;
    }
    return undefined;
  }

  get last(): Call | undefined {
    return this.#calls.at(-1) ?? this.#waiting.at(-1)?.last;
  }

  all(): readonly Call[] {
    return [...this.#calls, ...this.#waiting.flatMap((flow) => flow.all())];
  }

  /** How many calls start before a call with `ahead` calls before it in this flow. Counts up to the flow `root`. */
  startingBefore(ahead: number, root: Flow<Call>): number {
    const parent = this.#parent;
    if (!parent || this === root) return ahead;
    const endsAt = this.#start + (ahead + 1) * this.share.cost;
    let before = ahead;
    for (const other of parent.#waiting) {
      if (other === this || other.share.cost === Number.POSITIVE_INFINITY) continue;
      const calls = Math.floor((endsAt - other.#start) / other.share.cost);
      if (!other.share.isWhole) before += Math.max(0, Math.min(other.size, calls));
      else if (!Flow.#isBefore(this, other)) before += other.size;
    }
    return parent.startingBefore(before, root);
  }

  moveTo(parent: Flow<Call>): void {
    const { size } = this;
    if (parent === this.#parent) return;
    this.#grow(-size);
    this.#parent = parent;
    this.#start = Number.NEGATIVE_INFINITY;
    this.#grow(size);
  }

  /** Whether this flow and all flows above are open. A call that did not start may have closed a flow above. */
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
    else if (this.share.isWhole) parent.#replace(this);
    parent.#grow(count);
  }

  #enter(flow: Flow<Call>): void {
    const { cost, credit, isWhole } = flow.share;
    // A whole flow keeps its place when it comes back: its first calls were in vain if its last calls came too late.
    if (!isWhole || flow.#had === 0) flow.#start = Math.max(flow.#start, this.#now - credit);
    this.#weight += 1 / cost;
    this.#place(flow);
    if (!isWhole) return;
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
    } else if (!flow.share.keepsPlace) this.#flows?.delete(flow.key);
    else if (this.#flows && this.#flows.size > 2 * this.#waiting.length + FORGET_FROM)
      this.#forget(this.#flows);
  }

  /** Drops the flows whose places in the order no longer differ from the place of a new flow. */
  #forget(flows: Map<unknown, Flow<Call>>): void {
    for (const [key, flow] of flows)
      if (flow.size === 0 && flow.#start <= this.#now - flow.share.credit) flows.delete(key);
  }

  /** Moves the start tag on for a started call. A flow that was blocked for a while catches up by at most one call. */
  #charge(flow: Flow<Call>): void {
    const { cost, isWhole } = flow.share;
    if (cost === Number.POSITIVE_INFINITY) return;
    const start = isWhole ? flow.#start : Math.max(flow.#start, this.#now - cost);
    const next = this.#now + 1 / (flow.size > 0 ? this.#weight : this.#weight + 1 / cost);
    this.#now = isWhole ? next : Math.max(start, next);
    flow.#had += 1;
    if (!isWhole || flow.#had > CALLS_IN_PLACE) flow.#start = start + cost;
    if (flow.size > 0 && this.#waiting.length > 1) this.#replace(flow);
  }

  #replace(flow: Flow<Call>): void {
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

  /** When the next call of the flow ends, or the last call of a whole flow. */
  get #end(): number {
    const { cost, isWhole } = this.share;
    return this.#start + cost * (isWhole ? this.size : 1);
  }

  /** If two flows end at the same time, the flow with fewer calls goes first. */
  static #isBefore<Call extends object>(one: Flow<Call>, other: Flow<Call>): boolean {
    const [end, otherEnd] = [one.#end, other.#end];
    return end === otherEnd ? one.size < other.size : end < otherEnd;
  }
}

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

/** The shared empty list: most flows hold either calls or flows. */
const NONE: never[] = [];
/** A whole flow that has had at most so many calls keeps its place. Further calls move the flow on. */
const CALLS_IN_PLACE = 8;
/** Idle flows are dropped above this number of flows plus twice the number of flows with calls. */
const FORGET_FROM = 16;
