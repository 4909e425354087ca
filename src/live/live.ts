import { codedError } from '../errors/coded-error.ts';
import type { Timeouts } from '../luaauth/api.ts';
import type { Origin } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';
import { FollowedScript } from './followed-script.ts';
import type { LiveEvent, SessionTest } from './live-event.ts';
import type { LiveLimits } from './live-limits.ts';
import { LiveStream } from './live-stream.ts';
import { createPollAccess } from './poll-access.ts';
import type { PollOutcome } from './poller.ts';

/** Receives what happens to streams. What it does must not throw. */
export interface LiveObserver {
  /** How many there are now. */
  readonly counted?: (counts: LiveCounts) => void;
  readonly polled?: (outcome: PollOutcome) => void;
  readonly delivered?: (event: LiveEvent['type']) => void;
}

export interface LiveCounts {
  readonly streams: number;
  readonly scripts: number;
}

export interface LiveOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'state'>;
  readonly timeouts: Timeouts;
  readonly limits: LiveLimits;
  readonly observer?: LiveObserver | undefined;
  /** The time of day, in ms since 1970. */
  readonly today?: (() => number) | undefined;
}

export interface Wanted {
  readonly scriptId: string;
  readonly isWanted: SessionTest;
  /** The cursor of an earlier event, to go on from. */
  readonly after: string | undefined;
}

/** Who is connected, as it changes: subscribers share polls. */
export interface Live {
  /** @throws TOO_MANY_STREAMS, TOO_MANY_LIVE_SCRIPTS */
  subscribe(origin: Origin, wanted: Wanted): LiveStream;
  /** Sessions of an account were ended through the gateway: who shows them is polled at once. */
  disconnected(account: string, sessionIds: readonly string[]): void;
  /** Ends every stream, once what is pending has been taken. */
  endAll(): void;
}

/** For how long the state is kept after the last stream has gone, for who goes on from a cursor, in ms. */
const KEEP_MS = 10_000;

/** What the processes tell each other of sessions. */
interface Ended {
  readonly ended?: readonly string[];
}

interface Account {
  streams: number;
  readonly scripts: Map<string, FollowedScript>;
}

export function createLive(options: LiveOptions): Live {
  const { transport, limits, observer = {}, today = Date.now } = options;
  const { clock, state } = transport;
  const rate = limits.rate > 0 ? limits.rate : undefined;
  const openAccess = createPollAccess({ ...options, rate });
  const accounts = new Map<string, Account>();
  const counts = { streams: 0, scripts: 0 };
  let isEnding = false;

  const count = (streams: number, scripts: number) => {
    counts.streams += streams;
    counts.scripts += scripts;
    observer.counted?.(counts);
  };

  const follow = (account: Account, origin: Origin, scriptId: string): FollowedScript => {
    const known = account.scripts.get(scriptId);
    if (known) return known;
    const followed = new FollowedScript({
      scriptId,
      origin,
      clock,
      today,
      feeds: state.feeds,
      maxSessions: limits.maxSessions,
      openAccess,
      onPoll: (outcome) => observer.polled?.(outcome),
    });
    account.scripts.set(scriptId, followed);
    return followed;
  };

  /** The last stream of a script has gone. */
  const leave = (name: string, account: Account, scriptId: string, followed: FollowedScript) => {
    count(0, -1);
    followed.leave();
    const forget = () => {
      if (followed.size > 0 || account.scripts.get(scriptId) !== followed) return;
      account.scripts.delete(scriptId);
      if (account.streams === 0 && account.scripts.size === 0) accounts.delete(name);
    };
    const isKept = followed.isKnown && account.scripts.size <= limits.maxScripts && !isEnding;
    if (isKept) clock.after(KEEP_MS, forget);
    else forget();
  };

  state.feeds.listen((name, message) => {
    const { ended = [] } = message as Ended;
    for (const followed of accounts.get(name)?.scripts.values() ?? [])
      if (ended.some((id) => followed.script.has(id))) followed.nudge();
  });

  return {
    subscribe(origin, { scriptId, isWanted, after }) {
      const name = origin.account;
      const account = accounts.get(name) ?? { streams: 0, scripts: new Map() };
      checkRoom(account, scriptId, limits);
      accounts.set(name, account);
      const followed = follow(account, origin, scriptId);
      const stream = new LiveStream({
        script: followed.script,
        isWanted,
        after,
        onEvent: (type) => observer.delivered?.(type),
        onEnd() {
          cancelTimer();
          account.streams -= 1;
          count(-1, 0);
          followed.remove(stream);
          if (followed.size === 0) leave(name, account, scriptId, followed);
        },
      });
      const cancelTimer = clock.after(limits.maxLifetimeMs, () => {
        stream.end();
        stream.deliver();
      });
      account.streams += 1;
      count(1, followed.size === 0 ? 1 : 0);
      followed.add(stream);
      // It was on its way when the others were ended.
      if (isEnding) stream.end();
      return stream;
    },
    disconnected(name, sessionIds) {
      state.feeds.tell(name, { ended: sessionIds } satisfies Ended);
    },
    endAll() {
      isEnding = true;
      for (const { scripts } of accounts.values()) for (const { script } of scripts.values()) script.endAll();
    },
  };
}

function checkRoom({ streams, scripts }: Account, scriptId: string, limits: LiveLimits): void {
  if (streams >= limits.maxStreams) {
    throw codedError(
      'TOO_MANY_STREAMS',
      `There are ${streams} live streams with this API key already; at most ${limits.maxStreams} are allowed. End one, or raise LIVE_MAX_STREAMS.`,
      { found: streams, limit: limits.maxStreams },
    );
  }
  const followed = [...scripts].filter(([id, { size }]) => size > 0 && id !== scriptId).length;
  if (followed >= limits.maxScripts) {
    throw codedError(
      'TOO_MANY_LIVE_SCRIPTS',
      `Live streams of this API key follow ${followed} scripts already; at most ${limits.maxScripts} are allowed. End the streams of one, or raise LIVE_MAX_SCRIPTS.`,
      { found: followed, limit: limits.maxScripts },
    );
  }
}
