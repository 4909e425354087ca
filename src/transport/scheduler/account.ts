import type { AccountRecord, KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { AccountQuotas, type AccountQuotasOptions } from './account-quotas.ts';
import { Flow } from './flow.ts';
import type { Pool } from './pool.ts';
import {
  LATE_POLL_MS,
  LATE_POLLS_PART,
  MANY_CALLS,
  MAX_OF_STRANGER,
  MAX_OF_STRANGERS,
  MAX_WAITING,
  SHARES,
} from './rules.ts';
import type { Turn } from './turn.ts';

/** The part that all accounts share. */
export interface Shared extends Pick<AccountQuotasOptions, 'rate' | 'clock' | 'quotas' | 'total'> {
  readonly clock: Clock;
  /** The accounts whose key the API has accepted. */
  readonly known: KnownAccounts;
  /** All calls that wait. */
  readonly queue: Flow<Turn>;
  /** The calls of strangers that wait. */
  readonly strangers: Flow<Turn>;
  /** Connections that carry no request. */
  freeConnections: number;
  /** Connections that carry a request of a stranger. */
  strangersUnderWay: number;
  /** Calls of strangers that wait or are under way. */
  strangersCalls: number;
  /** Starts the calls that can start. `forConnection`: a connection has become free. */
  readonly pump: (forConnection: boolean) => void;
}

/**
 * The calls of one API key. An account may have as many requests under way as connections are free. So a single account
 * gets half of the connections, and two accounts get a third each. A connection is always left for the next account:
 * calls that hang take nothing from another account.
 *
 * A stranger is an account whose key the API has never accepted: the key may be made up. A stranger's first calls, five
 * at most, are a trial. If the API accepts the key, the account is no longer a stranger. If all five calls fail, the
 * calls that wait behind them fail as well.
 */
export class Account implements AccountRecord {
  readonly name: string;
  readonly quotas: AccountQuotas;
  readonly queue: Flow<Turn>;
  readonly #shared: Shared;
  readonly #revalidations: Flow<Turn>;
  /** The operations with new reads since the last microtask, and how many. */
  readonly #grown = new Map<Flow<Turn>, number>();
  /** The polls among the waiting revalidations, longest wait first. */
  readonly #polls: Turn[] = [];
  /** The time that the API needs for an answer, with a margin, in ms. */
  neededMs = 0;
  #underWay = 0;
  #latePollsFrom = Number.NEGATIVE_INFINITY;
  /** Calls of the trial that were started, and how many of them have failed. */
  #tried = 0;
  #failed = 0;

  constructor(name: string, shared: Shared) {
    this.name = name;
    this.#shared = shared;
    const { rate, clock, quotas, total } = shared;
    this.quotas = new AccountQuotas({
      ...{ account: name, rate, clock, quotas, total },
      onReady: () => this.#onReady(),
      onPause: (pool, pauseMs) => this.#refuseLate(pool, pauseMs),
    });
    this.queue = new Flow(SHARES.account, shared.queue, {
      isOpen: () => this.#isOpen,
      takeFirst: () => this.#takeLatePoll(),
    });
    this.#revalidations = new Flow(SHARES.revalidations, this.queue, {
      isOpen: () => !this.quotas.key.isEmptyForBackground,
      inOrder: byServedAge,
    });
  }

  get isStranger(): boolean {
    const { total, known } = this.#shared;
    return total !== undefined && !known.has(this.name);
  }

  /** Whether a connection is free for a call. The trial of a stranger has five connections at most. */
  get hasConnection(): boolean {
    const { freeConnections, strangersUnderWay } = this.#shared;
    if (this.#underWay >= freeConnections) return false;
    return (strangersUnderWay < freeConnections && this.#tried < MAX_OF_STRANGER) || !this.isStranger;
  }

  /** Starts a call if that is possible at once. Otherwise the call waits, or fails if it could not start in time. */
  request(turn: Turn): void {
    if (turn.isStranger) this.#shared.strangersCalls += 1;
    const isFirst = this.queue.size === 0 && !turn.call.revalidation;
    if (isFirst && this.#isOpen && turn.takePermits()) this.start(turn);
    else this.#wait(turn);
  }

  /** Whether a call could start at this moment and leave permits for other calls. */
  hasRoom(call: Call<unknown>): boolean {
    return this.#isOpen && this.quotas.poolsOf(call).every((pool) => pool.hasBackgroundPermit);
  }

  /** Sends a call that has its permits and a connection. */
  start(turn: Turn): void {
    const { call, applicant } = turn;
    const now = this.#shared.clock.now();
    const waitedMs = turn.state === 'waiting' ? now - turn.since : 0;
    if (turn.state === 'waiting') this.#leave(turn);
    turn.state = 'started';
    turn.since = now;
    this.#underWay += 1;
    this.#shared.freeConnections -= 1;
    if (turn.isStranger) {
      this.#shared.strangersUnderWay += 1;
      this.#tried += 1;
    }
    if (call.inFlight?.waitsBehindMany) call.inFlight.waitsBehindMany = false;
    if (call.inFlight?.hasOtherTurns) call.inFlight.begin();
    applicant.admitted(waitedMs);
  }

  /** Fails a call that still waits at its `startBy`: as rate-limited if a connection is free, else as timed out. */
  giveUp(turn: Turn, wasLate: boolean): void {
    const isQuota = this.hasConnection;
    turn.applicant.fail(
      isQuota ? this.#refusalOf(turn) : new TimedOut(turn.call, 'no', { unhealthy: !wasLate }),
    );
  }

  /** Ends a call whose request is over or no longer wanted. `failure` is undefined when the request succeeded. */
  end(turn: Turn, failure: unknown): void {
    const { state, call } = turn;
    turn.state = 'over';
    if (call.inFlight && call.revalidation) call.inFlight.waitsBehindMany = true;
    if (state === 'waiting') {
      turn.flow?.remove(turn);
      if (turn.isStranger) this.#shared.strangersCalls -= 1;
      this.#leave(turn);
    } else if (state === 'started' || state === 'sent') {
      if (state === 'started' || failure !== undefined) turn.releasePermits();
      this.#ended(turn, failure, state === 'sent');
    }
  }

  /** Ends the trial, because the API has accepted the key. */
  accept(): void {
    const { known, queue, pump } = this.#shared;
    known.set(this.name, true);
    this.#tried = 0;
    this.#failed = 0;
    this.queue.moveTo(queue);
    if (queue.size > 0) pump(false);
  }

  /** Fails all waiting calls. */
  failAll(failureOf: (call: Call<unknown>) => CallFailure): void {
    for (const { applicant, call } of this.queue.all()) applicant.fail(failureOf(call));
  }

  /** Calls of the trial that a stranger may still start. */
  get triesLeft(): number {
    return MAX_OF_STRANGER - this.#tried;
  }

  isIdle(): boolean {
    return this.#underWay === 0 && this.queue.size === 0 && this.quotas.isIdle();
  }

  /** Whether any call may start, as far as is known. */
  get #isOpen(): boolean {
    return !this.quotas.key.isEmpty && this.hasConnection;
  }

  get #now(): number {
    return this.#shared.clock.now();
  }

  #ended(turn: Turn, failure: unknown, wasSent: boolean): void {
    const { endpoint, waitsForOthers, timeoutMs } = turn.call;
    const tookMs = this.#shared.clock.now() - turn.since;
    const hasTimedOut = failure instanceof TimedOut && tookMs < timeoutMs;
    // Learns from answers, and from calls that started too late and timed out.
    if (wasSent && !waitsForOthers && (failure === undefined || hasTimedOut))
      this.neededMs += ((hasTimedOut ? 2 : 1.5) * tookMs - this.neededMs) / 4;
    this.#underWay -= 1;
    this.#shared.freeConnections += 1;
    const isAccepted = failure === undefined || (failure instanceof CallFailure && failure.provesKey);
    if (isAccepted && !this.#shared.known.has(this.name)) this.accept();
    if (failure === undefined) this.quotas.passed(endpoint);
    else if (failure instanceof RateLimited) this.quotas.refused(endpoint, failure);
    if (turn.isStranger) {
      this.#shared.strangersUnderWay -= 1;
      this.#shared.strangersCalls -= 1;
      if (this.isStranger) this.#endTrial(wasSent);
    }
    if (this.#shared.queue.size > 0) this.#shared.pump(true);
  }

  #wait(turn: Turn): void {
    const { call, applicant } = turn;
    const flow = this.#flowOf(call);
    // Strangers take turns by the place of their clients, since a single client can make up many keys.
    const { strangers, queue } = this.#shared;
    if (this.queue.size === 0)
      this.queue.moveTo(this.isStranger ? strangers.flowOf(call.origin.place, SHARES.place) : queue);
    flow.add(turn);
    turn.flow = flow;
    const isFull = this.queue.size - (call.revalidation ? 0 : this.#revalidations.size) > MAX_WAITING;
    // A poll goes before callers once it is late. The reads of an operation are judged together.
    const isJudged = !flow.share.isWhole && !call.revalidation?.isPoll;
    if (isFull || (isJudged && this.#isLate(turn, this.#slowest(turn).etaMs))) {
      const refusal = this.#refusalOf(turn);
      flow.remove(turn);
      if (turn.isStranger) this.#shared.strangersCalls -= 1;
      for (const one of turn.pools) one.rest();
      applicant.fail(refusal);
      return;
    }
    turn.state = 'waiting';
    turn.since = this.#now;
    if (call.inFlight) call.inFlight.waitsBehindMany = this.#waitsBehindMany(call);
    if (call.revalidation?.isPoll) this.#polls.push(turn);
    for (const one of turn.pools) one.add();
    applicant.queued();
    if (call.inFlight?.waitsBehindMany) call.inFlight.releaseOthers();
    const last = this.#shared.strangersCalls > MAX_OF_STRANGERS ? this.#shared.strangers.last : undefined;
    last?.applicant.fail(new RateLimited(last.call, undefined, { byApi: false }));
    if (flow.share.isWhole) this.#judgeSoon(flow);
    this.#shared.pump(false);
  }

  /** Judges an operation when all reads that it makes at this moment wait. */
  #judgeSoon(operation: Flow<Turn>): void {
    const grown = this.#grown;
    if (grown.size === 0)
      queueMicrotask(() => {
        for (const [one, count] of grown) this.#refuseLateReads(one, count);
        grown.clear();
      });
    grown.set(operation, (grown.get(operation) ?? 0) + 1);
  }

  /**
   * Looks at the last `count` reads of an operation, and refuses reads that cannot start in time. If other calls are the
   * reason, refuses all reads of the operation: the permits of the first reads would be wasted.
   */
  #refuseLateReads(operation: Flow<Turn>, count: number): void {
    const turns = operation.all();
    const isLate = (turn: Turn, ahead: number) =>
      ahead >= turns.length - count && this.#isLate(turn, this.#slowest(turn, ahead).etaMs);
    const first = turns.findIndex(isLate);
    const late = turns[first];
    if (!late) return;
    const { pool, etaMs } = this.#slowest(late, first);
    const isAlone = this.#isLate(late, pool.etaMs(first));
    for (const { applicant, call } of isAlone ? turns.slice(first) : turns)
      applicant.fail(pool.refusal(call, etaMs));
  }

  #isLate({ startBy }: Turn, etaMs: number): boolean {
    return etaMs > 0 && this.#now + etaMs > startBy;
  }

  /** Takes a call out of the pools' counts of waiting calls and out of the polls. */
  #leave(turn: Turn): void {
    for (const pool of turn.pools) pool.remove();
    const index = turn.call.revalidation?.isPoll ? this.#polls.indexOf(turn) : -1;
    if (index >= 0) this.#polls.splice(index, 1);
  }

  /** Whether more than `MANY_CALLS` other calls of the same caller wait. True for every revalidation. */
  #waitsBehindMany({ origin, revalidation }: Call<unknown>): boolean {
    return (
      revalidation !== undefined || this.queue.flowOf(origin.caller, SHARES.caller).size > MANY_CALLS + 1
    );
  }

  #flowOf({ kind, origin, revalidation }: Call<unknown>): Flow<Turn> {
    if (revalidation) return this.#revalidations;
    const ofCaller = this.queue.flowOf(origin.caller, SHARES.caller);
    if (kind === 'write') return ofCaller.flowOf(kind, SHARES.writes);
    return ofCaller.flowOf(kind, SHARES.reads).flowOf(origin, SHARES.operation, origin.startedAt);
  }

  /** The pool whose permit a call waits for the longest. */
  #slowest(turn: Turn, ahead = (turn.flow?.size ?? 1) - 1): { readonly pool: Pool; readonly etaMs: number } {
    const { total, queue } = this.#shared;
    const { flow } = turn;
    let slowest = { pool: this.quotas.key, etaMs: 0 };
    for (const pool of turn.pools) {
      let etaMs = pool.etaMs(pool.waiting);
      if (etaMs > 0 && flow) {
        const before = flow.startingBefore(ahead, pool === total ? queue : this.queue);
        etaMs = pool.etaMs(Math.min(pool.waiting, before));
      }
      if (etaMs > slowest.etaMs) slowest = { pool, etaMs };
    }
    return slowest;
  }

  #refusalOf(turn: Turn): RateLimited {
    const { pool, etaMs } = this.#slowest(turn);
    return pool.refusal(turn.call, etaMs);
  }

  /** Fails each waiting call of the pool that cannot start before the end of the pause. The pool may be new to the call. */
  #refuseLate(pool: Pool, pauseMs: number): void {
    const until = this.#now + pauseMs;
    for (const turn of this.queue.all()) {
      if (turn.call.endpoint === pool.options.part) turn.join(pool);
      if (turn.startBy < until && turn.pools.includes(pool)) turn.applicant.fail(this.#refusalOf(turn));
    }
  }

  /** Starts calls. Gives the fetched permit back if no connection is free for it. */
  #onReady(): void {
    this.#shared.pump(false);
    if (!this.hasConnection) this.quotas.key.giveBack();
  }

  /** The poll that has waited longest, if it is late enough to go before callers. */
  #latePoll(now: number): Turn | undefined {
    const [poll] = this.#polls;
    if (!poll || now < this.#latePollsFrom) return undefined;
    const ageMs = now - poll.since + (poll.call.revalidation?.servedAgeMs ?? 0);
    return ageMs >= LATE_POLL_MS ? poll : undefined;
  }

  #takeLatePoll(): Turn | undefined {
    const now = this.#now;
    const poll = this.#latePoll(now);
    if (!poll || poll.startBy < now || !poll.takePermits(false)) return undefined;
    this.#revalidations.remove(poll);
    this.#latePollsFrom = now + 1_000 / (this.#shared.rate * LATE_POLLS_PART);
    return poll;
  }

  /**
   * Counts a call of the trial that failed or was not sent. When the whole trial has failed, fails all waiting calls.
   */
  #endTrial(wasSent: boolean): void {
    if (wasSent) this.#failed += 1;
    else this.#tried -= 1;
    if (this.#failed < this.#tried) return;
    const isOver = this.#failed >= MAX_OF_STRANGER;
    if (!isOver && this.queue.size > 0) return;
    this.#tried = 0;
    this.#failed = 0;
    if (isOver) this.failAll((call) => new RateLimited(call, undefined, { byApi: false, why: WITHHELD }));
  }
}

const WITHHELD =
  'not sent, because LuaAuth has not accepted this API key yet, and has refused 5 calls with it in a row. LuaAuth refuses a wrong key and an unknown id alike: check the key, and ids that it cannot reach';

/**
 * Gives the call whose entry was served the most first. Sorts only if that call cannot start, as thousands may wait.
 */
function* byServedAge(turns: readonly Turn[]): Iterable<Turn> {
  const ageOf = ({ call }: Turn) => call.revalidation?.servedAgeMs ?? 0;
  let oldest: Turn | undefined;
  for (const turn of turns) if (!oldest || ageOf(turn) > ageOf(oldest)) oldest = turn;
  if (oldest) yield oldest;
  for (const turn of [...turns].sort((one, other) => ageOf(other) - ageOf(one)))
    if (turn !== oldest) yield turn;
}
