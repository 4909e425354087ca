import { type Arrivals, type Departure, UNKNOWN_MS } from '../../state/arrivals.ts';
import type { Permit } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { soon } from '../../transport/clock.ts';
import type { RedisLink } from './link.ts';
import type { Fact } from './quota-record.ts';

/** How long an arrival may wait for the next change of the quota, in ms. Its permit counts for longer anyway. */
const SETTLE_WITHIN_MS = 500;

interface HeldPermit {
  readonly id: string;
  /** Whether the store may know this permit. */
  isInStore: boolean;
  isSent: boolean;
}

interface Settled extends Omit<Readonly<HeldPermit>, 'isSent'> {
  /** Undefined: the request was not sent. */
  readonly arrivedAt: number | undefined;
}

/** Facts about permits for the next change of the store. */
export interface FactsForStore {
  /** The facts as of this moment. */
  readonly now: () => readonly Fact[];
  /** Whether at least one of the requests was sent. */
  readonly hasSentRequest: boolean;
  /** Called when the store has the facts. */
  readonly done: () => void;
  /** Called when the store may not have the facts. */
  readonly failed: () => void;
}

/**
 * The permits that this process holds of one quota. The next change of the quota tells the store their fates. If no change
 * comes soon, `publish` does. Permits that were taken from the share without the store are entered once the store is back.
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
  let arrivalMs = 0;

  /**
   * Drops requests older than the window, as these no longer count. Keeps the store's permits: the store counts each until it
   * hears of the end.
   */
  const dropOld = () => {
    const from = link.now() - WINDOW_MS;
    settled = settled.filter(({ isInStore, arrivedAt = from }) => isInStore || arrivedAt > from);
  };

  const isEmpty = () => {
    if (link.isDegraded) dropOld();
    return open.size === 0 && settled.length === 0 && onTheWay.size === 0;
  };

  /** Removes the callbacks if no permit is left. Accounts come and go during a partition, also for made-up keys. */
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
        // A permit may have ended meanwhile. Another change tells its end, and a process may take permits before that change.
        const untold = new Set(settled.map(({ id }) => id));
        const beingTold = new Map([...onTheWay].map((permit) => [permit.id, permit]));
        const heldFacts = held.flatMap((permit): Fact[] => {
          const { id } = permit;
          if (open.has(permit) || untold.has(id)) return [[id, 'still held']];
          const end = beingTold.get(id);
          return end ? [[id, fateOf(end.arrivedAt)]] : [];
        });
        return [...facts, ...heldFacts];
      },
      hasSentRequest: ended.some(({ arrivedAt }) => arrivedAt !== undefined),
      done() {
        // The share of this process counts the requests as well. So they stay known, and are told again.
        if (link.isDegraded) return this.failed();
        arrive();
        forget();
        if (ended.some(({ arrivedAt }) => arrivedAt === undefined)) onFreed();
      },
      failed() {
        arrive();
        settled = [...ended, ...settled];
        if (!link.isDegraded) report();
        // The loss of the store may have called `enter` when no permit was to be entered: registers it again.
        link.whenChanged(enter);
      },
    };
  };

  /** Tells the store how permits have ended, and that the permits in `held` are still held. */
  const tell = async (held: readonly HeldPermit[]) => {
    link.whenChanged(enter);
    // A timer may fire up to 1 ms early: this timer, and the timer that took a request for arrived.
    if (link.isDegraded) return void link.clock.after(WINDOW_MS + 2, forget);
    await publish(factsWith(held));
  };

  /**
   * Enters the permits that the store does not know, so that other processes need not reserve a share for them. Runs when the
   * store is back, is new, or is about to be left.
   */
  const enter = async () => {
    if (!isEmpty()) await tell([...open]);
  };

  const report = (...some: readonly Settled[]) => {
    settled.push(...some);
    if (link.isClosed) return;
    // Another process may be waiting for a permit that is free again.
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

  const mayCount = (isIncluded: (permit: Pick<HeldPermit, 'isInStore'>) => boolean) => {
    const from = link.now() - WINDOW_MS;
    for (const permit of open) if (permit.isSent && isIncluded(permit)) return true;
    return [...settled, ...onTheWay].some(
      (permit) => isIncluded(permit) && (permit.arrivedAt ?? from) > from,
    );
  };

  return {
    isEmpty,
    /** How long a request takes to arrive, in ms, as far as answers tell; smoothed as in memory. */
    arrivalMs: () => arrivalMs,
    /** The facts that the store does not know yet. */
    facts: () => factsWith([]),
    /** Whether requests with the store's permits may still arrive, or have arrived within the last window. */
    mayCountInStore: () => mayCount(({ isInStore }) => isInStore),
    /** The same for requests with any permit, of the store or of the share. */
    mayCount: () => mayCount(() => true),
    nextName: () => `${link.membership.nextName()}.`,
    /** Reports permits as not sent that the store may have given in a lost answer. */
    giveUp: (ids: readonly string[]) =>
      report(...ids.map((id) => ({ id, isInStore: true, arrivedAt: undefined }))),
    /** Holds a permit that the store gave, or `own`, a permit of the share that the store does not know. */
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
          // A timer may fire up to 1 ms early.
          settleAfter(UNKNOWN_MS + 1);
        },
        answered() {
          if (!held.isSent) return;
          own?.answered();
          arrivalMs += (arrivals.answered(request) - arrivalMs) / 8;
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
