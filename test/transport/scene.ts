import { endOfTurn } from '../../src/base/clock.ts';
import { AbortSource } from '../../src/base/signal.ts';
import { createSlidingWindows } from '../../src/state/sliding-window-log.ts';
import { type Call, NO_NOTES, type Notes, type Origin } from '../../src/transport/call.ts';
import { type CallFailure, ClientLeft } from '../../src/transport/errors.ts';
import { createKnownAccounts } from '../../src/transport/known-accounts.ts';
import { createScheduler } from '../../src/transport/scheduler/scheduler.ts';
import type { Turn } from '../../src/transport/scheduler/turn.ts';
import { createManualClock } from '../support/clocks/clock.ts';

interface Asked extends Partial<Pick<Call<unknown>, 'kind' | 'endpoint'>> {
  readonly notes?: Partial<Notes>;
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
  const request = (name: string, turn: Turn) => {
    if (!scene.isUnsent(name)) turn.sent();
    const failure = scene.answer(name, turn.call);
    if (failure === 'nothing') return;
    const { wayMs = 0, workMs = 0 } = scene.travel(name);
    clock.after(wayMs, () => void scene.arrivals.push(clock.now()));
    clock.after(wayMs + workMs, () => {
      turn.answered();
      turn.end(failure);
    });
  };
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
    ask(names: string, asked: Asked = {}): readonly { readonly leave: () => void }[] {
      const { operation = scene.originOf(asked), timeoutMs = 60_000 } = asked;
      const notes = { ...NO_NOTES, ...asked.notes };
      const times = { deadline: clock.now() + timeoutMs, timeoutMs };
      return names.split(' ').map((name) => {
        const signal = new AbortSource();
        const own = { ...times, origin: operation, signal, notes };
        const plain = { kind: 'read', endpoint: 'GET /any', ...asked, ...own };
        const call = plain as unknown as Call<unknown>;
        let turn: Turn | undefined;
        const begin = (given: Turn) => {
          turn = given;
          note(name);
          request(name, given);
        };
        const refuse = (failure: CallFailure & { readonly retryAfterMs?: number }) => {
          if (!(failure instanceof ClientLeft)) note(`${name}:${failure.name}${failure.retryAfterMs ?? ''}`);
        };
        try {
          const given = scheduler.turn(call);
          if (given instanceof Promise) void given.then(begin, refuse);
          else begin(given);
        } catch (failure) {
          refuse(failure as CallFailure);
        }
        return { leave: () => (turn ? turn.end(new ClientLeft(call, 'unknown')) : signal.abort()) };
      });
    },
    /** Lets time pass. Returns what happened meanwhile, such as `1002 a1 a2`: the time and the names. */
    async pass(ms: number): Promise<string[]> {
      // Calls that were refused meanwhile learn of it by a promise.
      await endOfTurn(clock);
      await clock.advance(ms);
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
