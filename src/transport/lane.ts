import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import { ClientLeft, RateLimited } from './failure.ts';
import { createFairQueue, type Waiting } from './fair-queue.ts';
import type { Booking, Quota } from './start-log.ts';

/** Where calls wait for a place in one quota. */
export interface Lane {
  /** The call's place, at once if there is one. @throws RateLimited when it cannot start in time; ClientLeft. */
  enter<T>(call: Call<T>): Booking | Promise<Booking>;
  /** Whether a call could start at this moment and leave places for others. */
  hasRoom(): boolean;
  /** Lets nothing start for `ms`; `announcedMs` is what callers are told. */
  pause(ms: number, announcedMs: number): void;
  /** Looks again for calls that can start: after a place has been given back or a booked call was sent. */
  wake(): void;
  /** Whether nothing is left to remember. */
  isIdle(): boolean;
  slowDown(): void;
}

interface Ticket extends Waiting {
  /** The last moment at which the call can start, on the clock. */
  readonly startBy: number;
  start(booking: Booking): void;
  refuse(): void;
}

/** How many calls may wait in one lane; past it a new one is refused at once. */
const MAX_WAITING = 10_000;
/**
 * What a call that had to wait must have left of its time, or a tenth of its timeout if that is less. Without it a queue
 * that is always full would start every call just before its deadline, and spend the quota on calls that time out.
 */
const RESERVED_MS = 500;

export function createLane(quota: Quota, clock: Clock): Lane {
  const queue = createFairQueue<Ticket>();
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let announcedUntil = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  const etaMs = (ahead: number) => Math.max(quota.etaMs(ahead), pausedUntil - clock.now());
  const refuse = <T>(call: Call<T>, eta: number) => {
    const retryAfterMs = Math.ceil(Math.max(1, eta, announcedUntil - clock.now()));
    return new RateLimited(call, retryAfterMs, { byApi: false });
  };

  const takePlace = (): Booking | number => {
    const pauseMs = pausedUntil - clock.now();
    if (pauseMs > 0) return pauseMs;
    return queue.isUrgent ? quota.take() : quota.takeSpare();
  };

  const wake = () => {
    cancelTimer?.();
    cancelTimer = undefined;
    while (queue.size > 0) {
      const place = takePlace();
      if (typeof place === 'number') {
        // Infinity: a booked call frees its place when it is sent or given up, and wakes the lane.
        if (place !== Number.POSITIVE_INFINITY) cancelTimer = clock.after(place, wake);
        return;
      }
      queue.next()?.start(place);
    }
  };

  return {
    enter: (call) => {
      if (!call.renewal && queue.size === 0 && pausedUntil <= clock.now() && !call.signal?.aborted) {
        const place = quota.take();
        if (typeof place !== 'number') return place;
      }
      const place = { turn: call.origin, rank: rankOf(call) };
      const startBy = call.deadline - Math.min(RESERVED_MS, call.timeoutMs / 10);
      const eta = etaMs(queue.ahead(place));
      if ((eta > 0 && clock.now() + eta > startBy) || queue.size >= MAX_WAITING) {
        return Promise.reject(refuse(call, eta));
      }
      return new Promise((resolve, reject) => {
        const weight = () => call.renewal?.servedAgeMs ?? 0;
        let ticket: Ticket = { ...place, weight, startBy, start, refuse: onDeadline };
        const leave = () => {
          queue.remove(ticket);
          cancelDeadline();
          call.signal?.removeEventListener('abort', onAbort);
        };
        function start(booking: Booking) {
          leave();
          resolve(booking);
        }
        const onAbort = {
          handleEvent() {
            leave();
            reject(new ClientLeft(call, 'no'));
          },
        };
        function onDeadline() {
          leave();
          reject(refuse(call, etaMs(queue.size)));
        }
        const cancelDeadline = clock.after(Math.max(0, startBy - clock.now()), onDeadline);
        call.signal?.addEventListener('abort', onAbort);
        if (call.signal?.aborted) return onAbort.handleEvent();
        if (call.renewal) {
          call.renewal.onWanted = () => {
            if (!queue.remove(ticket)) return;
            ticket = { ...ticket, rank: 'read' };
            queue.add(ticket);
            wake();
          };
        }
        queue.add(ticket);
        // What the timer is set for may be a renewal, which others need not wait for.
        if (cancelTimer === undefined || place.rank !== 'renewal') wake();
      });
    },
    hasRoom() {
      return queue.size === 0 && pausedUntil <= clock.now() && quota.hasSpare();
    },
    pause(ms, announcedMs) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms);
      announcedUntil = Math.max(announcedUntil, clock.now() + announcedMs);
      for (const ticket of queue.all()) if (ticket.startBy < pausedUntil) ticket.refuse();
      wake();
    },
    wake,
    isIdle: () => queue.size === 0 && pausedUntil <= clock.now() && quota.isIdle(),
    slowDown: () => quota.slowDown(),
  };
}

function rankOf<T>(call: Call<T>): Waiting['rank'] {
  if (call.kind === 'write') return 'write';
  return call.renewal && !call.renewal.isWanted ? 'renewal' : 'read';
}
