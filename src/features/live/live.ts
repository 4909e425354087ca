import { timeOfDay } from '../../base/clock.ts';
import { notify } from '../../base/maybe-promise.ts';
import { codedError } from '../../errors/coded-error.ts';
import type { Timeouts } from '../../luaauth/api.ts';
import type { LiveObserver } from '../../observability/observers.ts';
import type { LiveLimits } from '../../plan/limits.ts';
import type { Origin } from '../../transport/call.ts';
import type { Transport } from '../../transport/transport.ts';
import { EVERY_SESSION, type SessionTest } from './live-event.ts';
import { LiveScript } from './live-script.ts';
import { LiveStream } from './live-stream.ts';
import { createPollAccess } from './poll-access.ts';

interface LiveOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'pageSizes' | 'state'>;
  readonly timeouts: Timeouts;
  readonly limits: LiveLimits;
  readonly observer?: LiveObserver | undefined;
  /** Receives errors that the observer throws or rejects with. */
  readonly onUnexpected: (error: unknown) => void;
  /** The time of day, in ms since 1970. */
  readonly today?: (() => number) | undefined;
}

interface Wanted {
  readonly scriptId: string;
  readonly isWanted: SessionTest;
  /** The cursor of an earlier event, to continue from. */
  readonly after: string | undefined;
}

export type LiveSessions = ReturnType<typeof createLive>;

/** A subscription of a client, which the limits count. */
interface Subscription {
  readonly caller: string;
  readonly scriptId: string;
}

interface Account {
  readonly subscriptions: Set<Subscription>;
  readonly scripts: Map<string, LiveScript>;
}

/** Follows connected sessions. The subscribers of a script share its polls. */
export function createLive(options: LiveOptions) {
  const { transport, limits, observer = {}, onUnexpected } = options;
  const { today = timeOfDay } = options;
  const observe = (call: () => unknown) => notify(call, onUnexpected);
  const { clock } = transport;
  const rate = limits.rate > 0 ? limits.rate : undefined;
  const openAccess = createPollAccess({ ...options, rate });
  const accounts = new Map<string, Account>();
  const counts = { streams: 0, scripts: 0 };
  let isEnding = false;

  const count = (streams: number, scripts: number) => {
    counts.streams += streams;
    counts.scripts += scripts;
    observe(() => observer.counted?.(counts));
  };

  const follow = (account: Account, origin: Origin, scriptId: string): LiveScript => {
    const known = account.scripts.get(scriptId);
    if (known) return known;
    const followed = new LiveScript({
      scriptId,
      origin,
      clock,
      today,
      maxSessions: limits.maxSessions,
      openAccess,
      onPoll: (outcome) => observe(() => observer.polled?.(outcome)),
    });
    account.scripts.set(scriptId, followed);
    return followed;
  };

  /** Stops following a script, because its last stream has gone. */
  const leave = (name: string, account: Account, scriptId: string, followed: LiveScript) => {
    count(0, -1);
    followed.leave();
    account.scripts.delete(scriptId);
    if (account.scripts.size === 0) accounts.delete(name);
  };

  const scriptsOf = (name: string) => accounts.get(name)?.scripts.values() ?? [];

  return {
    /** Limits count only the subscriptions of clients. @throws TOO_MANY_STREAMS, TOO_MANY_LIVE_SCRIPTS */
    subscribe(origin: Origin, { scriptId, isWanted, after }: Wanted, isClients = true): LiveStream {
      const name = origin.account;
      const account = accounts.get(name) ?? { subscriptions: new Set(), scripts: new Map() };
      const subscription = { caller: origin.caller, scriptId };
      if (isClients) checkLimits(account, subscription, limits);
      accounts.set(name, account);
      const followed = follow(account, origin, scriptId);
      const stream: LiveStream = new LiveStream({
        script: followed,
        isWanted,
        after,
        onEvent: (type) => observe(() => observer.delivered?.(type)),
        onEnd() {
          cancelTimer();
          count(-1, 0);
          followed.remove(stream);
          account.subscriptions.delete(subscription);
          if (followed.size === 0) leave(name, account, scriptId, followed);
        },
      });
      const cancelTimer = clock.after(limits.maxLifetimeMs, () => {
        stream.end();
        stream.deliver();
      });
      if (isClients) account.subscriptions.add(subscription);
      count(1, followed.size === 0 ? 1 : 0);
      followed.add(stream);
      // This subscription was on its way when the other streams were ended.
      if (isEnding) stream.end();
      return stream;
    },
    /** Follows all sessions of a script for the gateway itself, beside all subscriptions. */
    follow(origin: Origin, scriptId: string): LiveStream {
      return this.subscribe(origin, { scriptId, isWanted: EVERY_SESSION, after: undefined }, false);
    },
    /** Sessions of an account were ended through the gateway. Scripts with these sessions are polled at once. */
    disconnected(name: string, sessionIds: readonly string[]) {
      for (const script of scriptsOf(name)) if (script.knowsAny(sessionIds)) script.pollNow();
    },
    /** Ends every stream after its pending events are taken. */
    endAll() {
      isEnding = true;
      for (const { scripts } of accounts.values()) for (const script of scripts.values()) script.endAll();
    },
  };
}

/** @throws TOO_MANY_STREAMS, TOO_MANY_LIVE_SCRIPTS */
function checkLimits(account: Account, { caller, scriptId }: Subscription, limits: LiveLimits): void {
  const all = [...account.subscriptions];
  const own = all.filter((subscription) => subscription.caller === caller);
  if (all.every((subscription) => subscription.scriptId !== scriptId)) {
    const over = overShare(limits.maxScripts, scriptsIn(all), scriptsIn(own));
    if (over)
      throw codedError(
        'TOO_MANY_LIVE_SCRIPTS',
        `Live streams ${over.whose} follow ${over.found} scripts already; at most ${over.limit} are allowed. End the streams of one.`,
        { found: over.found, limit: over.limit },
      );
  }
  const over = overShare(limits.maxStreams, all.length, own.length);
  if (over)
    throw codedError(
      'TOO_MANY_STREAMS',
      `There are ${over.found} live streams ${over.whose} already; at most ${over.limit} are allowed. End one.`,
      { found: over.found, limit: over.limit },
    );
}

function scriptsIn(subscriptions: readonly Subscription[]): number {
  return new Set(subscriptions.map(({ scriptId }) => scriptId)).size;
}

/**
 * The limit that one more would exceed: one caller has at most half of an account's limit, and the last eighth is left to callers
 * that have nothing yet. So no caller can keep the others out. Undefined: there is room.
 */
function overShare(limit: number, all: number, own: number) {
  const half = Math.ceil(limit / 2);
  if (own >= half) return { whose: 'of this caller', found: own, limit: half };
  const most = own === 0 ? limit : limit - Math.floor(limit / 8);
  return all >= most ? { whose: 'with this API key', found: all, limit: most } : undefined;
}
