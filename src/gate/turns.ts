import { performance } from 'node:perf_hooks';
import type { Client, Group, Source, WaitingOperation } from './client.ts';

/** For how long operations begin before the event loop continues with I/O and timers. */
const SLICE_MS = 20;
/**
 * Turns of the event loop between two slices, because Node.js accepts one connection in each. An empty turn takes 10 µs. If
 * as much time as a slice has passed between them, the smallest number of turns is enough.
 */
const MOST_LOOPS = 32;
const LEAST_LOOPS = 8;
/** How many operations of each group may wait. A client with a thousand connections may have one on each. */
const MOST_WAITING = 2_000;
/** The sources of a client with more operations that wait are not read. */
const MOST_OF_CLIENT = 100;
/** A client may have this part of all operations under way. */
const SHARE_OF_CLIENT = 1 / 4;

export type Turns = ReturnType<typeof createTurns>;

/**
 * Parses what clients send, and begins operations and live events, in slices of the event loop, because hundreds at once would
 * delay new connections, health checks and answers. Groups take turns, and so do the clients of a group. An operation that has begun takes no turn
 * while it waits for LuaAuth.
 * @param mostUnderWay - how many operations may have begun and not ended
 */
export function createTurns(groups: readonly Group[], mostUnderWay: number) {
  let state: 'idle' | 'between' | 'beginning' = 'idle';
  /** The part of the slice that earlier turns of the event loop have used. */
  let usedMs = 0;
  /** Since when the present turn of the event loop has started operations. */
  let countedFrom: number | undefined;
  /** The group that had the last turn comes last. */
  let order = [...groups];

  const isSomeWaiting = () => groups.some(({ turns }) => turns.length > 0);
  const mayBegin = ({ underWay, group }: Client) =>
    underWay < SHARE_OF_CLIENT * mostUnderWay && group.underWay < group.share * mostUnderWay;

  /** Whether the slice has time left. Counts the time from now to the end of this turn of the event loop. */
  const hasTime = () => {
    const now = performance.now();
    if (countedFrom === undefined) {
      countedFrom = now;
      setImmediate(endOfTurn);
    }
    return usedMs + now - countedFrom < SLICE_MS;
  };
  const endOfTurn = () => {
    usedMs += performance.now() - (countedFrom ?? 0);
    countedFrom = undefined;
    if (usedMs < SLICE_MS) return;
    usedMs = 0;
    if (state === 'idle') betweenSlices();
  };

  const betweenSlices = () => {
    state = 'between';
    const until = performance.now() + SLICE_MS;
    let loops = 0;
    const go = () => {
      loops += 1;
      const isLong = loops >= LEAST_LOOPS && performance.now() >= until;
      if (loops < MOST_LOOPS && !isLong) setImmediate(go);
      else beginNext();
    };
    setImmediate(go);
  };
  const wake = () => {
    if (state === 'idle' && isSomeWaiting()) betweenSlices();
  };

  const beginNext = () => {
    if (!hasTime()) return betweenSlices();
    const next = takeNext();
    state = next ? 'beginning' : 'idle';
    if (!next) return;
    next.begin();
    // After its microtasks, which use the slice as well.
    queueMicrotask(() => process.nextTick(beginNext));
  };

  const takeNext = (): WaitingOperation | undefined => {
    for (const group of order) {
      const index = group.turns.findIndex(mayBegin);
      const [client] = index < 0 ? [] : group.turns.splice(index, 1);
      const next = client?.waiting.shift();
      if (!client || !next) continue;
      if (next.refuse) count(client, -1);
      if (client.waiting.length > 0) group.turns.push(client);
      readAgain(client);
      order = [...order.filter((other) => other !== group), group];
      return next;
    }
    return undefined;
  };

  const readAgain = ({ waiting, unread }: Client) => {
    if (waiting.length > MOST_OF_CLIENT / 2) return;
    for (const source of unread) source.resume();
    unread.clear();
  };

  /** Counts an operation that may be refused. */
  const count = (client: Client, change: 1 | -1) => {
    client.refusable += change;
    client.group.refusable += change;
  };

  const add = (client: Client, operation: WaitingOperation) => {
    const { group, waiting, unread } = client;
    const { refuse, source } = operation;
    if (refuse && group.refusable >= MOST_WAITING && !makeRoom(client)) {
      group.forget(client);
      return refuse();
    }
    if (refuse) count(client, 1);
    if (waiting.length === 0) group.turns.push(client);
    waiting.push(operation);
    if (waiting.length > MOST_OF_CLIENT && source) {
      source.pause();
      unread.add(source);
    }
    wake();
  };

  /** Refuses the newest operation of the client that has the most. @returns false if that is the given client */
  const makeRoom = ({ group, refusable }: Client): boolean => {
    const largest = group.largest((client) => client.refusable);
    if (!largest || largest.refusable <= refusable) return false;
    const newest = largest.waiting.findLastIndex(({ refuse }) => refuse);
    const [refused] = largest.waiting.splice(newest, 1);
    count(largest, -1);
    if (largest.waiting.length === 0) group.turns.splice(group.turns.indexOf(largest), 1);
    readAgain(largest);
    refused?.refuse?.();
    group.forget(largest);
    return true;
  };

  const begin = <Result>(client: Client, operation: () => Promise<Result>): Promise<Result> => {
    const { group } = client;
    client.underWay += 1;
    group.underWay += 1;
    const end = () => {
      client.underWay -= 1;
      group.underWay -= 1;
      group.forget(client);
      wake();
    };
    const result = operation();
    result.then(end, end);
    return result;
  };

  const enter = <Result>(
    client: Client,
    operation: () => Promise<Result>,
    refused?: () => Promise<Result>,
    source?: Source,
  ): Promise<Result> => {
    if (state === 'idle' && !isSomeWaiting() && mayBegin(client) && hasTime())
      return begin(client, operation);
    return new Promise((resolve) => {
      const start = () => resolve(begin(client, operation));
      add(client, { begin: start, refuse: refused && (() => resolve(refused())), source });
    });
  };

  /**
   * Parses what a client has sent: at once, or when it is the client's turn. It counts as a part of the slice, and not as an operation.
   * @param refuse - called if too many operations wait and this client's are the most
   * @returns whether it waits
   */
  const parse = (client: Client, run: () => void, refuse: () => void): boolean => {
    if (state === 'idle' && !isSomeWaiting() && hasTime()) {
      run();
      return false;
    }
    const { group } = client;
    const begin = () => {
      run();
      // The client may have left while it waited.
      group.forget(client);
    };
    add(client, { begin, refuse, source: undefined });
    return true;
  };

  return { enter, parse };
}
