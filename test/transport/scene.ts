import { createSlidingWindows } from '../../src/state/sliding-window-log.ts';
import type { Call, Origin } from '../../src/transport/call.ts';
import type { CallFailure } from '../../src/transport/errors.ts';
import { createKnownAccounts } from '../../src/transport/known-accounts.ts';
import { ScheduledCall } from '../../src/transport/scheduler/scheduled-call.ts';
import { createScheduler } from '../../src/transport/scheduler/scheduler.ts';
import { createManualClock } from '../support/clocks/clock.ts';

interface Asked extends Partial<Pick<Call<unknown>, 'kind' | 'endpoint' | 'background' | 'waiters'>> {
  readonly account?: string;
  readonly caller?: string;
  readonly callerRate?: number;
  readonly place?: string;
  /** The operation that asks; by default one for each call of `ask`. */
  readonly operation?: Origin;
  readonly timeoutMs?: number;
}

interface SceneOptions {
  readonly rate?: number;
  readonly totalRate?: number;
  readonly connections?: number;
  /** Whether LuaAuth has accepted all keys before. */
  readonly isAccepted?: boolean;
}

/** How LuaAuth answers to a call, undefined is a success, 'nothing' no answer at all. */
type Answer = (name: string, call: Call<unknown>) => CallFailure | 'nothing' | undefined;

/** A scene for the scheduler: calls come, time passes, and a log says when which calls started or failed. */
export function createScene({
  rate = 10,
  totalRate = 0,
  connections = 128,
  isAccepted = true,
}: SceneOptions) {
  const clock = createManualClock();
  const quotas = createSlidingWindows(clock.now);
  const known = createKnownAccounts();
  const scheduler = createScheduler({ rate, totalRate, connections, clock, quotas, known });
  let log: { readonly at: number; readonly what: string }[] = [];
  const note = (what: string) => void log.push({ at: Math.round(clock.now()), what });
  const scene = {
    clock,
    scheduler,
    answer: (() => undefined) as Answer,
    /** How long a request takes to arrive, and how long LuaAuth works on it, in ms. */
    travel: (_name: string): { readonly wayMs?: number; readonly workMs?: number } => ({}),
    /** When the requests have arrived, in ms. */
    arrivals: [] as number[],
    /** Whether the call fails before its request is sent. */
    isUnsent: (_name: string) => false,
    originOf({ account = 'key', caller = 'caller', callerRate, place }: Asked): Origin {
      if (isAccepted) scheduler.accept(account);
      return { key: account, account, caller, callerRate, place };
    },
    /** Asks for calls with these names, such as `a1 a2`, all of one operation. */
    ask(names: string, asked: Asked = {}): readonly ScheduledCall[] {
      const { operation = scene.originOf(asked), timeoutMs = 60_000 } = asked;
      const times = { deadline: clock.now() + timeoutMs, timeoutMs };
      return names.split(' ').map((name) => {
        const plain = { kind: 'read', endpoint: 'GET /any', ...asked, ...times, origin: operation };
        const call = plain as unknown as Call<unknown>;
        const account = scheduler.accountOf(operation.account);
        class SceneCall extends ScheduledCall {
          queued() {
            clock.after(this.startBy - clock.now(), () => {
              if (this.state === 'waiting') account.giveUp(this, false);
            });
          }
          admitted() {
            note(name);
            if (!scene.isUnsent(name)) this.sent();
            const failure = scene.answer(name, call);
            if (failure === 'nothing') return;
            const { wayMs = 0, workMs = 0 } = scene.travel(name);
            clock.after(wayMs, () => void scene.arrivals.push(clock.now()));
            clock.after(wayMs + workMs, () => {
              this.answered();
              account.end(this, failure);
            });
          }
          fail(failure: CallFailure) {
            const { retryAfterMs = '' } = failure as { readonly retryAfterMs?: number };
            note(`${name}:${failure.name}${retryAfterMs}`);
            account.end(this, failure);
          }
        }
        const scheduled = new SceneCall(call);
        account.request(scheduled);
        return scheduled;
      });
    },
    end(scheduled: ScheduledCall, failure: CallFailure): void {
      scheduler.accountOf(scheduled.call.origin.account).end(scheduled, failure);
    },
    /** Lets time pass. Returns what happened meanwhile, such as `1002 a1 a2`: the time and the names. */
    pass(ms: number): string[] {
      clock.step(ms);
      const times = new Map<number, string[]>();
      for (const { at, what } of log) times.set(at, [...(times.get(at) ?? []), what]);
      log = [];
      return [...times].map(([at, what]) => `${at} ${what.join(' ')}`);
    },
  };
  return scene;
}

/** `many('a', 3)` gives `a1 a2 a3`. */
export const many = (name: string, count: number): string =>
  Array.from({ length: count }, (_one, index) => `${name}${index + 1}`).join(' ');
