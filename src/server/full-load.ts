import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Flow, type Share } from '../transport/scheduler/flow.ts';
import type { Connections } from './connections.ts';
import { createPlaceOfSocket, type StrangersOptions } from './strangers.ts';

/** Calls back with the part of the time in which the event loop was busy, until it is ended. */
type MeterLoad = (onMeasured: (busy: number) => void) => { end(): void };

export interface FullLoadOptions extends Pick<StrangersOptions, 'isAccepted' | 'trustedProxy'> {
  /** How many requests may have begun before others stay unread: more than the REST API has connections. */
  readonly mostBegun?: number;
  readonly meterLoad?: MeterLoad;
  /** Called when a connection is left unread. */
  readonly onUnread?: (() => void) | undefined;
}

/** The event loop is at full load above the first part, and waits for something else below the second part. */
const FULL = 0.8;
const IDLE = 0.5;
const METER_MS = 10;
/** A request counts for one to two spans. If it takes longer, it waits for something else, for example for a permit. */
const MEASURED_IN_SPAN = 25;

const EVEN: Share = { cost: 1, credit: 1 };

/**
 * Leaves requests unread in their connections while the event loop is at full load and enough others have begun. Operations
 * would wait for the REST API with all their objects, and each collection of garbage would copy these. Clients take turns. A
 * connection is read at once if the answer to its last request came in the same turn. So probes, refusals and answers from
 * the cache wait for nothing.
 */
export function readInTurn(server: Server, connections: Connections, options: FullLoadOptions) {
  const { isAccepted = () => false, mostBegun = 128, meterLoad = meterEventLoop } = options;
  const placeOf = createPlaceOfSocket(options);
  const unread = new Flow<Socket>(EVEN, undefined);
  let isFull = false;
  let isStopped = false;
  let isReading = false;
  let meter: ReturnType<MeterLoad> | undefined;
  let measured = 0;
  /** Counts the turns of the event loop in which requests arrive. */
  let turn = 0;
  let isTurnCounted = false;
  let span = 0;
  /** The requests of this span and of the span before that have no answer. */
  let begun = 0;
  let begunBefore = 0;

  const flowOf = ({ headers, socket }: IncomingMessage): Flow<Socket> => {
    if (isAccepted(socket))
      return unread.flowOf(true, EVEN).flowOf(headers.token ?? headers.authorization, EVEN);
    return unread.flowOf(false, EVEN).flowOf(placeOf(socket, headers), EVEN);
  };

  const read = (count: number) => {
    for (let left = count; left > 0 && unread.size > 0; left -= 1) unread.next(() => true, false)?.resume();
  };
  const readMore = () => {
    const room = mostBegun - begun - begunBefore;
    read(room);
    // Their requests arrive before the next turn. Connections without a request leave room for others.
    isReading = room > 0 && unread.size > 0;
    if (isReading) setImmediate(readMore);
  };
  const readSoon = () => {
    if (isReading || unread.size === 0) return;
    isReading = true;
    setImmediate(readMore);
  };

  const beginSpan = (before: number, passed: number) => {
    span += passed;
    begunBefore = before;
    begun = 0;
    readSoon();
  };
  const onMeasured = (busy: number) => {
    isFull = busy >= FULL && !isStopped;
    measured += 1;
    if (busy < IDLE) beginSpan(0, 2);
    else if (measured % MEASURED_IN_SPAN === 0) beginSpan(begun, 1);
    if (unread.size > 0 || begun + begunBefore > 0) return;
    meter?.end();
    meter = undefined;
    isFull = false;
  };
  const endTurn = () => {
    turn += 1;
    isTurnCounted = false;
  };

  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const { socket } = message;
    const arrivedIn = turn;
    const countedIn = span;
    begun += 1;
    if (!isTurnCounted) setImmediate(endTurn);
    isTurnCounted = true;
    if (begun >= mostBegun) meter ??= meterLoad(onMeasured);
    response.on('close', () => {
      if (countedIn === span) begun -= 1;
      else if (countedIn === span - 1) begunBefore -= 1;
      const hasRoom = unread.size === 0 && begun + begunBefore < mostBegun - 1;
      const isAtOnce = turn <= arrivedIn + 1;
      const isIdle = !socket.destroyed && connections.on(socket)?.unanswered.length === 0;
      // Connections that are unread come first, even if the load has just become less.
      const isOthersTurn = isFull || unread.size > 0;
      if (isOthersTurn && !hasRoom && !isAtOnce && isIdle) {
        flowOf(message).add(socket);
        socket.pause();
        options.onUnread?.();
      }
      readSoon();
    });
  });

  return {
    /** Reads all connections from now on. Resolves when the requests that were left unread have arrived. */
    async stop(): Promise<void> {
      isStopped = true;
      isFull = false;
      if (unread.size === 0) return;
      read(Number.POSITIVE_INFINITY);
      for (let turns = 0; turns < 2; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const meterEventLoop: MeterLoad = (onMeasured) => {
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    onMeasured(utilization);
  }, METER_MS).unref();
  return { end: () => clearInterval(timer) };
};
