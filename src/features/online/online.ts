import { notify } from '../../base/maybe-promise.ts';
import { createHash } from '../../callers/identify.ts';
import type { Live } from '../../context.ts';
import { Refused } from '../../luaauth/refusal.ts';
import type { OnlineObserver } from '../../observability/observers.ts';
import type { Origin } from '../../transport/call.ts';
import type { Transport } from '../../transport/transport.ts';
import { createDay } from './day.ts';

const PERIOD_MS = 60_000;
/** A sample that has no answer after this time is missing. */
const LONGEST_MS = 30_000;
/** A second poll follows the first one after two seconds. */
const SECOND_POLL_MS = 4_000;
/** A poll that finds more sessions than a page holds has seen the end of the list. */
const PAGE = 100;
/** No gateway key has a space in its name. */
const CALLER = ' online';

interface OnlineOptions {
  readonly transport: Pick<Transport, 'clock' | 'pageSizes'>;
  readonly live: Live | undefined;
  /** The polls have the key that the gateway holds. */
  readonly credentials: { readonly heldKey?: string | undefined };
  readonly metricsScripts?: readonly string[] | undefined;
  readonly onlineObserver?: OnlineObserver | undefined;
  readonly onUnexpected: (error: unknown) => void;
  readonly today?: (() => number) | undefined;
}

/** The polls are the polls of subscriptions: a script that a subscription follows costs no further poll. */
export function createOnline(options: OnlineOptions) {
  const { transport, live, credentials, onUnexpected, today = Date.now } = options;
  const { metricsScripts: scripts = [], onlineObserver: observer = {} } = options;
  const { clock, pageSizes } = transport;
  const { heldKey } = credentials;
  if (heldKey === undefined || !live) {
    throw new TypeError(
      `metricsScripts needs ${live ? 'credentials.heldKey, the LuaAuth key for its polls' : 'the feature live'}. Give it, or leave metricsScripts out.`,
    );
  }
  const hashOf = createHash();
  const days = new Map(scripts.map((id) => [id, createDay()]));
  const cancels = new Map<string, () => void>();
  const streams = new Set<ReturnType<Live['follow']>>();
  /** The scripts whose last sample failed: each failure is reported once. */
  const failing = new Set<string>();
  let isOver = false;

  const origin = (): Origin => {
    // The key may have been replaced since the last sample.
    const key = credentials.heldKey ?? heldKey;
    return { key, account: hashOf(key), caller: CALLER };
  };

  const report = (call: (to: typeof observer) => unknown) => notify(() => call(observer), onUnexpected);

  const sampleSessions = async (scriptId: string): Promise<number | undefined> => {
    const asker = origin();
    const stream = live.follow(asker, scriptId);
    streams.add(stream);
    const endAfter = (ms: number) => clock.after(ms, () => void stream.return?.());
    let cancel = endAfter(LONGEST_MS);
    let sessions: number | undefined;
    try {
      for await (const event of stream) {
        if (event.type === 'SessionsDelay') continue;
        const isFirst = sessions === undefined;
        const { sessions: all, appeared = [], disappeared = [] } = event;
        sessions = all ? all.length : (sessions ?? 0) + appeared.length - disappeared.length;
        // The first poll takes a short page for the whole list. The second one looks whether more follow.
        const longest = pageSizes.longest(asker.account, 'sessions');
        if (!isFirst || sessions === 0 || sessions >= PAGE || sessions < longest) break;
        cancel();
        cancel = endAfter(SECOND_POLL_MS);
      }
    } finally {
      cancel();
      streams.delete(stream);
    }
    return sessions;
  };

  const sample = async (scriptId: string): Promise<void> => {
    try {
      const sessions = await sampleSessions(scriptId);
      if (isOver) return;
      report((to) => to.sampled?.(scriptId, sessions));
      if (sessions === undefined) return fail(scriptId, 'no answer within 30 s of spare quota');
      days.get(scriptId)?.enter(today(), sessions);
      failing.delete(scriptId);
    } catch (error) {
      if (isOver) return;
      report((to) => to.sampled?.(scriptId, undefined));
      // No log line holds a message of LuaAuth.
      fail(
        scriptId,
        error instanceof Refused ? `LuaAuth refused: ${error.reason}` : (error as Error).message,
      );
    }
  };

  const fail = (scriptId: string, reason: string): void => {
    if (!failing.has(scriptId)) report((to) => to.failed?.(scriptId, reason));
    failing.add(scriptId);
  };

  scripts.forEach((scriptId, index) => {
    // All gateways ask in the same second, so that they share a poll.
    const offset = (index * PERIOD_MS) / scripts.length;
    const untilMs = PERIOD_MS - ((today() - offset) % PERIOD_MS);
    // The first sample is taken at once, so the second one has at least half a minute.
    let dueAt = clock.now() + untilMs + (untilMs < PERIOD_MS / 2 ? PERIOD_MS : 0);
    const next = () => {
      cancels.set(
        scriptId,
        clock.after(Math.max(0, dueAt - clock.now()), () => {
          dueAt += PERIOD_MS;
          next();
          void sample(scriptId);
        }),
      );
    };
    next();
    void sample(scriptId);
  });

  return {
    /** The last day; undefined: the account has no such script among the scripts that are sampled. */
    historyOf(account: string, scriptId: string) {
      return account === origin().account ? days.get(scriptId)?.read(today()) : undefined;
    },
    end(): void {
      isOver = true;
      for (const cancel of cancels.values()) cancel();
      for (const stream of streams) void stream.return?.();
    },
  };
}
