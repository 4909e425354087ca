import { type Arrivals, type Departure, UNKNOWN_MS } from '../../state/arrivals.ts';
import type { Permit } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { soon } from '../../transport/clock.ts';
import type { RedisLink } from './link.ts';
import type { Fact } from './quota-record.ts';

/** For how long an arrival may wait for the next change of the quota: the permit counts for longer in any case, in ms. */
const SETTLE_WITHIN_MS = 500;

interface HeldPermit {
  readonly id: string;
  /** Whether the store may have heard of it. */
  isInStore: boolean;
  isSent: boolean;
}

interface Settled extends Omit<Readonly<HeldPermit>, 'isSent'> {
  /** Undefined: nothing was sent. */
  readonly arrivedAt: number | undefined;
}

/** Facts about permits that the store is about to be told. */
export interface FactsForStore {
  /** The facts as they are at this moment. */
  readonly now: () => readonly Fact[];
  /** Whether a request was sent. */
  readonly isOfSent: boolean;
  /** The store has the facts. */
  readonly done: () => void;
  /** The store may not have the facts. */
  readonly failed: () => void;
}

/**
 * The permits that this process has of one quota. The next change of the quota tells the store what has become of them, or `publish`
 * does after a while. Permits that this process took of its share, without the store, are entered there once the store is back.
 */
export function createHeldPermits(
  link: RedisLink,
  arrivals: Arrivals,
  publish: (facts: FactsForStore) => Promise<unknown>,
  onFreed: () => void,
) {
  /** The permits that are not settled. */
  const open = new Set<HeldPermit>();
  /** The permits whose end the store does not know yet. */
  let settled: Settled[] = [];
  /** The permits whose end is on its way to the store. */
  const onTheWay = new Set<Settled>();
  let callOffPublishing: (() => void) | undefined;
  let isUrgent = false;

  /** A request older than the window counts no more. A permit that is held in the store is so until the store hears of its end. */
  const dropOld = () => {
    const from = link.now() - WINDOW_MS;
    settled = settled.filter(({ isInStore, arrivedAt = from }) => isInStore || arrivedAt > from);
  };

  const isEmpty = () => {
    if (link.isDegraded) dropOld();
    return open.size === 0 && settled.length === 0 && onTheWay.size === 0;
  };

  /** Nothing is left to be entered: during a partition accounts come and go, with made-up keys too. */
  const forget = () => {
    if (!isEmpty()) return;
    link.notWhenChanged(enter);
    link.notWhenClosed(enter);
  };

  const factsWith = (held: readonly HeldPermit[]): FactsForStore => {
    callOffPublishing?.();
    callOffPublishing = undefined;
    isUrgent = false;
    const ended = settled;
    settled = [];
    for (const permit of ended) onTheWay.add(permit);
    for (const permit of held) permit.isInStore = true;
    const arrive = () => {
      for (const permit of ended) onTheWay.delete(permit);
    };
    return {
      now() {
        const now = link.now();
        const fateOf = (arrivedAt: number | undefined) =>
          arrivedAt === undefined ? 'not sent' : Math.max(0, now - arrivedAt);
        const facts = ended.map(({ id, arrivedAt }): Fact => [id, fateOf(arrivedAt)]);
        // A permit may have ended since, and the store may know that already.
        const stillHeld = held.filter((permit) => open.has(permit));
        return [...facts, ...stillHeld.map(({ id }): Fact => [id, 'still held'])];
      },
      isOfSent: ended.some(({ arrivedAt }) => arrivedAt !== undefined),
      done() {
        arrive();
        forget();
        if (ended.some(({ arrivedAt }) => arrivedAt === undefined)) onFreed();
      },
      failed() {
        arrive();
        settled = [...ended, ...settled];
        if (!link.isDegraded) report();
        // The store is lost, which `enter` may have been told of while there was nothing to be entered.
        link.whenChanged(enter);
      },
    };
  };

  /** Tells the store all that has ended, and which permits are still held. */
  const tell = async (held: readonly HeldPermit[]) => {
    link.whenChanged(enter);
    // A timer may come early by a part of a millisecond: this timer, and the timer that took a request for arrived.
    if (link.isDegraded) return void link.clock.after(WINDOW_MS + 2, forget);
    await publish(factsWith(held));
  };

  /** The store is back, is new, or is about to be left: enters what it does not know, so that other processes leave no room for it. */
  const enter = async () => {
    if (!isEmpty()) await tell([...open]);
  };

  const report = (...some: readonly Settled[]) => {
    settled.push(...some);
    if (link.isClosed) return;
    // A permit that is free again may be what another process waits for.
    const isNowUrgent = link.isDegraded || some.some(({ arrivedAt }) => arrivedAt === undefined);
    if (callOffPublishing && (isUrgent || !isNowUrgent)) return;
    callOffPublishing?.();
    isUrgent = isNowUrgent;
    let isOff = false;
    const publishNow = () => {
      if (isOff) return;
      callOffPublishing = undefined;
      void tell([]);
    };
    if (isNowUrgent) soon(link.clock, publishNow);
    const callOff = isNowUrgent ? undefined : link.clock.after(SETTLE_WITHIN_MS, publishNow);
    callOffPublishing = () => {
      isOff = true;
      callOff?.();
    };
    link.whenClosed(enter);
  };

  const mayCount = (isMeant: (permit: Pick<HeldPermit, 'isInStore'>) => boolean) => {
    const from = link.now() - WINDOW_MS;
    for (const permit of open) if (permit.isSent && isMeant(permit)) return true;
    return [...settled, ...onTheWay].some((permit) => isMeant(permit) && (permit.arrivedAt ?? from) > from);
  };

  return {
    isEmpty,
    /** The facts that the store does not know yet. */
    facts: () => factsWith([]),
    /** Whether requests with permits of the store may yet arrive, or have arrived in the last window. */
    mayCountInStore: () => mayCount(({ isInStore }) => isInStore),
    /** The same for requests with any permit. */
    mayCount: () => mayCount(() => true),
    nextName: () => `${link.membership.nextName()}.`,
    /** Permits that the store may have given in an answer that was lost. */
    giveUp: (ids: readonly string[]) =>
      report(...ids.map((id) => ({ id, isInStore: true, arrivedAt: undefined }))),
    /** A permit that the store gave, or `own`: a permit of the share, of which the store does not know. */
    hold(id: string, own?: Permit): Permit {
      const held: HeldPermit = { id, isInStore: own === undefined, isSent: false };
      open.add(held);
      link.whenChanged(enter);
      let callOff: (() => void) | undefined;
      const settle = (arrivedAt: number | undefined) => {
        callOff?.();
        if (!open.delete(held)) return;
        if (arrivedAt !== undefined || held.isInStore) report({ id, isInStore: held.isInStore, arrivedAt });
        else forget();
      };
      const settleAfter = (ms: number) => {
        callOff?.();
        callOff = link.clock.after(ms, () => {
          settle(request.arrivedBy);
          giveUp();
        });
      };
      const request: Departure = {
        sentAt: 0,
        wayMs: 0,
        arrivedBy: 0,
        learnt() {
          if (open.has(held)) settleAfter(Math.max(0, request.arrivedBy - link.now()));
        },
      };
      const giveUp = () => {
        own?.release();
        arrivals.abandoned(request);
      };
      return {
        sent() {
          if (held.isSent) return;
          held.isSent = true;
          own?.sent();
          arrivals.sent(request);
          // A timer may come early by a part of a millisecond.
          settleAfter(UNKNOWN_MS + 1);
        },
        answered() {
          if (!held.isSent) return;
          own?.answered();
          arrivals.answered(request);
          settle(request.arrivedBy);
        },
        release() {
          if (held.isSent) return giveUp();
          own?.release();
          settle(undefined);
        },
      };
    },
  };
}
