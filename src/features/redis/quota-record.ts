import { CATCH_UP_MS, WINDOW_MS } from '../../state/sliding-window-log.ts';
import { MAX_PAUSE_MS } from '../../transport/scheduler/account-quotas.ts';
import { MAX_GAIN_MS } from './store-clock.ts';

/**
 * The quota of an account, or of a part of an account, as all gateways count it. Times are ms on the store's clock. The
 * functions take the time as an argument, and read no clock. Each function returns a new record, or the same record if
 * nothing changes.
 */
export interface QuotaRecord {
  /** The epoch of the store in which the record began. */
  readonly epoch: string;
  /** Permits whose request may not have arrived yet, each with the time since which it is held. */
  readonly held: Readonly<Record<string, number>>;
  /** Arrived requests: until when they count, and how many. The earliest time is first. */
  readonly sent: readonly Counting[];
  /** How many ms before the record was stored these requests arrived. Only the store knows that time: see `storedQuota`. */
  readonly justSent: readonly number[];
  readonly callers: Readonly<Record<string, CallerTurns>>;
  /** The end of a pause that the API has asked for. No permit is given before it. */
  readonly pausedUntil: number;
  /** The limit after the API has refused too many requests, and the time since which the limit rises again. */
  readonly slowed?: { readonly limit: number; readonly at: number };
  /** When a background call, which leaves permits for other calls, may have its next permit. */
  readonly backgroundFrom: number;
}

type Counting = readonly [until: number, requests: number];

/** A caller's turns, until when they are remembered, and whether the caller waits. */
type CallerTurns = readonly [had: number, until: number, waits: 0 | 1];

interface RecordRules {
  /** The most requests that may arrive in a window. */
  readonly rate: number;
  /** The part of the rate that is reserved for gateways without the store. */
  readonly reserved: number;
  /** The share of the full rate that comes back each second after the API has slowed the account down. */
  readonly recoveryPerSecond: number;
}

/** Whether the process that took a permit may still send its request. */
type MayHold = (permit: string) => boolean;

interface Wish extends RecordRules {
  /** How many permits are wanted. Each permit is named `name` with a number. */
  readonly wanted: number;
  readonly name: string;
  /** The share of the permits that stays free for other calls. */
  readonly kept: number;
  /** The most ms that the store's clock may have gained within a window. A request counts for this much longer. */
  readonly gainedMs: number;
  /** The callers that wait in this process, each with its number of calls; 0: the caller no longer waits. */
  readonly callers: readonly (readonly [caller: string, calls: number])[];
  readonly mayHold: MayHold;
}

interface Taken {
  readonly taken: number;
  /** When to ask again if no permit was taken, in ms from now. */
  readonly askInMs: number;
  readonly limit: number;
  readonly used: number;
  readonly pausedMs: number;
}

/** The shortest time that a permit is held, in ms: a process that stalled may still send its request. */
export const HELD_AT_LEAST_MS = 5_000;
/** When to check again for a permit that has been held for longer than a window, in ms. */
const HELD_LONG_MS = 50;
/** With more times than this, requests close in time count until the last of their times. This keeps a record small. */
const MAX_TIMES = 200;

/** The most permits that a caller may be ahead of a waiting caller. Fewer if many callers wait. */
const MAX_LEAD = 8;
/** A waiting caller that does not ask again loses its turn after this time, in ms. Its process is busy or has ended. */
const LATE_MS = 1_000;
/** How long a caller's turns are remembered after it last waited, in ms. */
const RESTED_MS = 1_000;
/** When to check again whether other callers have taken their turns, in ms; longer if many callers wait. */
const LOOK_AGAIN_MS = 5;
const LOOK_AGAIN_EACH_MS = 0.5;
/** How much longer a caller waits for a free permit than the caller before it, in ms. */
const AFTER_OTHER_MS = 20;
/** The most callers whose turns are remembered. */
const MAX_CALLERS = 200;

/** How long the store keeps a slowed or paused record, in ms: longer than a recovery takes. */
const SLOWED_KEPT_MS = 300_000;
/** How long the store keeps a record with held permits, in ms: longer than any request waits to be sent. */
const HELD_KEPT_MS = 200_000;
/** How long the store keeps any other record, in ms: longer than its requests and turns count. */
const KEPT_MS = 5_000;

export function emptyQuota(epoch: string): QuotaRecord {
  return { epoch, held: {}, sent: [], justSent: [], callers: {}, pausedUntil: 0, backgroundFrom: 0 };
}

/** Whether a value from the store has the form of a quota. */
export function isQuota(value: object): value is QuotaRecord {
  const { epoch, held, sent, justSent, callers, pausedUntil, slowed, backgroundFrom } = value as Untrusted;
  return (
    typeof epoch === 'string' &&
    isObject(held) &&
    areNumbers(Object.values(held)) &&
    isListOf(sent, 2) &&
    areNumbers(justSent) &&
    isObject(callers) &&
    isListOf(Object.values(callers), 3) &&
    (slowed === undefined || (isObject(slowed) && areNumbers([slowed.limit, slowed.at]))) &&
    areNumbers([pausedUntil, backgroundFrom])
  );
}

type Untrusted = { readonly [name in keyof QuotaRecord]?: unknown };

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every(Number.isFinite);
}

function isListOf(value: unknown, numbers: number): boolean {
  return Array.isArray(value) && value.every((entry) => areNumbers(entry) && entry.length === numbers);
}

/** How long the store has to keep a record that does not change, in ms. */
export function keptMs({ held, slowed, pausedUntil }: QuotaRecord, now: number): number {
  const pausedMs = Math.max(0, pausedUntil - now);
  if (slowed || pausedMs > 0) return pausedMs + SLOWED_KEPT_MS;
  return Object.keys(held).length > 0 ? HELD_KEPT_MS : KEPT_MS;
}

/** The quota in a new epoch. Keeps the pause and the limit that the API has set. The earlier requests are not known. */
export function quotaOfEpoch(epoch: string, before: QuotaRecord | undefined): QuotaRecord {
  const { pausedUntil = 0, slowed } = before ?? {};
  return { ...emptyQuota(epoch), pausedUntil, ...(slowed && { slowed }) };
}

/**
 * The record after the store's clock was set back: nothing in it counts longer than if it had happened now. Otherwise the same
 * record. The change has to be stored, or each reader would begin to count anew.
 */
export function afterSetBack(record: QuotaRecord, now: number): QuotaRecord {
  // No gateway makes a longer pause.
  const isLate = record.pausedUntil > now + MAX_PAUSE_MS;
  const isAhead =
    record.sent.some(([until]) => until > now + 2 * WINDOW_MS) ||
    Object.values(record.held).some((at) => at > now + WINDOW_MS);
  if (!isLate && !isAhead) return record;
  const held = Object.entries(record.held).map(([permit, at]) => [permit, Math.min(at, now)]);
  const sent = record.sent.map(([until, requests]): Counting => [Math.min(until, now + WINDOW_MS), requests]);
  return { ...record, held: Object.fromEntries(held), sent, pausedUntil: isLate ? 0 : record.pausedUntil };
}

/** The record as the store has it: requests that had just arrived get the time until which they count. */
export function storedQuota(record: QuotaRecord, storedAt: number): QuotaRecord {
  if (record.justSent.length === 0) return record;
  const added = record.justSent.map((agoMs): Counting => [storedAt - agoMs + WINDOW_MS, 1]);
  return { ...record, justSent: [], sent: merged([...record.sent, ...added]) };
}

/** How many permits are held, or count for requests at `now`. */
export function usedAt({ held, sent, justSent }: QuotaRecord, now: number): number {
  let used = Object.keys(held).length + justSent.length;
  for (const [until, requests] of sent) if (until > now) used += requests;
  return used;
}

/**
 * Takes up to `wanted` free permits, in the turns of their callers. If it takes none, says when to ask again. A permit that
 * has been held for long is free if `mayHold` denies it.
 */
export function take(record: QuotaRecord, now: number, wish: Wish): { record: QuotaRecord; result: Taken } {
  const { kept, wanted, name } = wish;
  const { limit, pausedMs } = paceOf(record, now, wish);
  const current = withoutPast(record, now, wish.mayHold);
  const used = usedAt(current, now - wish.gainedMs);
  if (pausedMs > 0) return { record, result: { taken: 0, askInMs: pausedMs, limit, used, pausedMs } };
  const permits = limit - Math.floor(limit * kept);
  // If the store's clock was set back, the distance between background calls starts anew.
  const backgroundFrom = record.backgroundFrom > now + WINDOW_MS ? 0 : record.backgroundFrom;
  const backgroundInMs = kept > 0 ? Math.max(0, backgroundFrom - now) : 0;
  const turns = turnsAt(record, now, wish);
  const free = backgroundInMs > 0 ? 0 : Math.max(0, Math.min(wanted, permits - used));
  const taken = kept > 0 ? free : turns.have(free);
  const result = { taken, limit, used: used + taken, pausedMs: 0 };
  if (taken === 0) {
    const permitInMs = () => freeInMs(current, used - permits, turns, now, wish.gainedMs);
    const turnInMs = () => Math.max(LOOK_AGAIN_MS, turns.waiting * LOOK_AGAIN_EACH_MS);
    const waitMs = free > 0 ? turnInMs() : permits > used ? 0 : permitInMs();
    const askInMs = Math.max(1, Math.ceil(waitMs), Math.ceil(backgroundInMs));
    const callers = turns.kept(askInMs);
    return { record: callers ? { ...current, callers } : record, result: { ...result, askInMs } };
  }
  for (let index = 1; index <= taken; index += 1) current.held[`${name}${index}`] = now;
  const background =
    kept > 0
      ? { backgroundFrom: Math.max(backgroundFrom, now - CATCH_UP_MS) + WINDOW_MS / permits }
      : undefined;
  const callers = turns.kept(0) ?? record.callers;
  return { record: { ...current, callers, ...background }, result: { ...result, askInMs: 0 } };
}

/** A permit and its fate. A number says how many ms ago its request arrived. */
export type Fact = readonly [permit: string, fate: number | 'not sent' | 'still held'];

/** Records the fates of permits. A permit that is still held may be new to the record: it was taken without the store. */
export function settle(record: QuotaRecord, now: number, facts: readonly Fact[]): QuotaRecord {
  if (facts.length === 0) return record;
  const held = { ...record.held };
  const justSent = [...record.justSent];
  for (const [permit, fate] of facts) {
    if (fate === 'still held') held[permit] = now;
    else delete held[permit];
    if (typeof fate === 'number' && fate < WINDOW_MS) justSent.push(Math.floor(fate));
  }
  return { ...record, held, justSent };
}

/** Records that these callers no longer wait. */
export function leaveTurns(record: QuotaRecord, now: number, gone: readonly string[]): QuotaRecord {
  const leaving = gone.flatMap((caller): [string, CallerTurns][] => {
    const turns = record.callers[caller];
    return turns?.[2] === 1 ? [[caller, [turns[0], Math.ceil(now + RESTED_MS), 0]]] : [];
  });
  if (leaving.length === 0) return record;
  return { ...record, callers: { ...record.callers, ...Object.fromEntries(leaving) } };
}

/** Gives no permit for `pauseMs`. */
export function pause(record: QuotaRecord, now: number, pauseMs: number): QuotaRecord {
  return { ...record, pausedUntil: Math.max(record.pausedUntil, now + Math.ceil(pauseMs)) };
}

/** Lowers the limit to `backoff` times its value. Several refusals within one window lower it once. */
export function slowDown(
  record: QuotaRecord,
  now: number,
  rules: RecordRules & { readonly backoff: number },
): QuotaRecord {
  if (record.slowed && Math.abs(now - record.slowed.at) < WINDOW_MS) return record;
  const { limit } = paceOf(record, now, { ...rules, reserved: 0 });
  return { ...record, slowed: { limit: Math.max(1, Math.floor(limit * rules.backoff)), at: now } };
}

/** The limit, the used permits, the pause, and in how many ms all permits are free. The last assumes no further call. */
export function statusAt(record: QuotaRecord, now: number, rules: RecordRules, mayHold: MayHold) {
  const { limit, pausedMs } = paceOf(record, now, rules);
  const current = withoutPast(record, now, mayHold);
  const isHeld = Object.keys(current.held).length + current.justSent.length > 0;
  const [lastUntil] = current.sent.at(-1) ?? [now];
  const resetMs = Math.max(pausedMs, lastUntil - now, isHeld ? WINDOW_MS : 0);
  return { limit, used: usedAt(current, now), pausedMs, resetMs: Math.ceil(resetMs) };
}

function paceOf({ slowed, pausedUntil }: QuotaRecord, now: number, rules: RecordRules) {
  const { rate, reserved, recoveryPerSecond } = rules;
  const recovered = slowed ? (Math.max(0, now - slowed.at) / 1_000) * recoveryPerSecond * rate : 0;
  const paced = slowed ? Math.min(rate, Math.floor(slowed.limit + recovered)) : rate;
  const left = Math.max(0, rate - reserved);
  const limit = reserved > 0 ? Math.max(left > 0 ? 1 : 0, Math.floor((paced * left) / rate)) : paced;
  return { limit, pausedMs: Math.max(0, pausedUntil - now) };
}

/**
 * The record without entries that can no longer count. If the store's clock was set back, permits are held from now, and
 * requests count for at most a window.
 */
function withoutPast(record: QuotaRecord, now: number, mayHold: MayHold) {
  const held: Record<string, number> = {};
  for (const [permit, at] of Object.entries(record.held))
    if (now - at < HELD_AT_LEAST_MS || mayHold(permit)) held[permit] = Math.min(at, now);
  const sent: Counting[] = [];
  for (const one of record.sent)
    if (one[0] > now - MAX_GAIN_MS) sent.push(one[0] > now + WINDOW_MS ? [now + WINDOW_MS, one[1]] : one);
  return { ...record, held, sent };
}

/** Sorts by time, and merges requests with the same time. If there are many, also merges close times. */
function merged(sent: readonly Counting[]): readonly Counting[] {
  const times = [...sent].sort(([one], [other]) => one - other);
  const shortMs = times.length > MAX_TIMES ? WINDOW_MS / (MAX_TIMES / 2) : 0;
  const all: Counting[] = [];
  let from = Number.NEGATIVE_INFINITY;
  for (const one of times) {
    const last = all.at(-1);
    if (last && one[0] - from <= shortMs) all[all.length - 1] = [one[0], last[1] + one[1]];
    else {
      from = one[0];
      all.push(one);
    }
  }
  return all;
}

/**
 * In how many ms the process should ask again: when permit number `over` becomes free. Callers elsewhere with earlier turns
 * take their permits first, unless they come too late. A request that has not arrived counts for at least a window.
 */
function freeInMs(
  { held, sent, justSent }: QuotaRecord,
  over: number,
  { before, lead }: { readonly before: number; readonly lead: number },
  now: number,
  gainedMs: number,
): number {
  const frees = sent
    .filter(([until]) => until > now - gainedMs)
    .map(([until, requests]): Counting => [until + gainedMs, requests]);
  for (const agoMs of justSent) frees.push([now - agoMs + WINDOW_MS + gainedMs, 1]);
  for (const at of Object.values(held)) frees.push([Math.max(now + HELD_LONG_MS, at + WINDOW_MS), 1]);
  frees.sort(([one], [other]) => one - other);
  const latest = now + WINDOW_MS;
  /** Walks over the counts: a list of all permits would be long at a high rate. */
  const timeOf = (permit: number) => {
    let seen = 0;
    for (const [at, count] of frees) {
      seen += count;
      if (permit < seen) return at;
    }
    return latest;
  };
  return Math.min(timeOf(over + before * lead), timeOf(over) + before * AFTER_OTHER_MS, latest) - now;
}

/**
 * The turns of the callers that wait in this process, beside callers of other processes. A new caller starts with as many
 * turns as the waiting caller with the fewest.
 *
 * A caller that returns soon keeps its turns, but has at least as many as a new caller. Without this memory, a caller that
 * always gets all its permits would be new each time.
 *
 * A caller gets at most `lead` turns ahead of a caller that waits elsewhere. Free permits are left for the waiting caller,
 * which is about to ask.
 */
function turnsAt(record: QuotaRecord, now: number, { rate, callers }: Wish) {
  const known = new Map<string, CallerTurns>();
  // A process knows the store's time only to within some ms. Turns from much later date from before the clock was set back.
  for (const [caller, turns] of Object.entries(record.callers))
    if (turns[1] > now && turns[1] <= now + WINDOW_MS + 2 * LATE_MS) known.set(caller, turns);
  const isHere = new Set(callers.map(([caller]) => caller));
  const waitingElsewhere = [...known].filter(([caller, [, , waits]]) => waits === 1 && !isHere.has(caller));
  const fewest = (waits: 0 | 1) =>
    Math.min(...[...known.values()].filter((turns) => turns[2] === waits).map(([had]) => had));
  const start = [fewest(1), fewest(0), 0].find(Number.isFinite) ?? 0;

  const here = callers.map(([caller, left]) => {
    const [had, , waits] = known.get(caller) ?? [start, 0, 0];
    return { caller, left, had: waits === 1 ? had : Math.max(had, start) };
  });
  const next = () => {
    let first: (typeof here)[number] | undefined;
    for (const one of here) if (one.left > 0 && (!first || isBefore(one, first))) first = one;
    return first;
  };
  const waiting = waitingElsewhere.length + here.filter(({ left }) => left > 0).length;
  const lead = Math.min(MAX_LEAD, Math.max(1, Math.floor(rate / Math.max(1, waiting))));
  const most = Math.min(...waitingElsewhere.map(([, [had]]) => had)) + lead;
  const first = next();
  const before = first
    ? waitingElsewhere.filter(([caller, [had]]) => isBefore({ caller, had }, first)).length
    : 0;

  return {
    /** How many callers wait, in all processes. */
    waiting,
    lead,
    /** How many callers elsewhere have their turn before all callers of this process. */
    before,
    /** Gives up to `free` permits to the callers in turn. Returns how many permits they have taken. */
    have(free: number): number {
      for (let taken = 0; taken < free; taken += 1) {
        const caller = next();
        if (!caller || caller.had >= most) return taken;
        caller.had += 1;
        caller.left -= 1;
      }
      return free;
    },
    /** The turns to store, if the waiting callers ask again after `waitMs`; undefined: nothing changes. */
    kept(waitMs: number): QuotaRecord['callers'] | undefined {
      let isChanged = false;
      for (const { caller, had, left } of here) {
        const old = known.get(caller);
        const waits = left > 0 ? 1 : 0;
        // A caller that still waits is written again only when its time is nearly over.
        if (old && old[0] === had && old[2] === waits && old[1] > now + waitMs + LATE_MS / 4) continue;
        isChanged = true;
        known.set(caller, [had, Math.ceil(now + (waits === 1 ? waitMs + LATE_MS : RESTED_MS)), waits]);
      }
      if (!isChanged) return undefined;
      return Object.fromEntries([...known].slice(-MAX_CALLERS));
    },
  };
}

interface CallerInTurn {
  readonly caller: string;
  readonly had: number;
}

/** The caller with fewer turns comes first. With equally many, the name decides, so that all processes agree. */
function isBefore(one: CallerInTurn, other: CallerInTurn): boolean {
  return one.had < other.had || (one.had === other.had && one.caller < other.caller);
}
