import { LONGEST_WAY_MS } from '../../state/arrivals.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
import { StoreClock } from './store-clock.ts';

/**
 * After this time no earlier request counts, in ms. A request leaves soon after its permit was taken, and arrives within
 * `LONGEST_WAY_MS`.
 */
const QUARANTINE_MS = WINDOW_MS + LONGEST_WAY_MS + 100;
/** How long after its sending Redis may run a beat, in ms. */
const LATE_MS = 250;
/** How long a beat's view of the other instances holds, in ms. */
const VIEW_MS = 500;
/**
 * After this time without a beat, in ms, the others reserve a share for the instance. It may have lost Redis rather than
 * ended.
 */
const ABSENT_AFTER_MS = 1_000;
/** After this time without a beat, in ms, another instance may replace the instance and take over its leases. */
const LEASE_MS = 3_000;
const FORGOTTEN_AFTER_MS = 60_000;
/**
 * How long all instances use what one instance has seen of the registry, in ms. Otherwise each of many instances would read
 * all entries four times a second.
 */
const SEEN_MS = 100;
/** The most epochs that are remembered. */
const MAX_LEFT = 100;

/**
 * The registry of instances. An entry is `<last beat> <state> <among> <joined> <session>`.
 * - State 0: the instance is well.
 * - State 1: the instance is degraded, and keeps its share of the quota.
 * - State 2: an instance of the previous epoch that has not come back.
 *
 * The share is the rate divided by `among`; 0: no share. The shares of all entries never exceed the rate, even if an instance
 * has an old view of the others.
 */
const REGISTRY = `
local function entry(at, state, among, joined, session)
  return string.format('%.0f %s %d %.0f %s', at, state, among, joined, session)
end
`;

/**
 * Records a beat, and returns this instance's view of the registry.
 * - `among`: by how many the instance divides the quota.
 * - `configured`: the configured number of instances; 0: the number of entries.
 * - `runs_until`: the last time on the clock of Redis at which the beat of a well instance may run.
 *
 * Returns these five values:
 * - 1, or 0 if the store has another epoch, or -1 if the beat is too late.
 * - The `among` of each other instance that is absent or keeps its share.
 * - The time.
 * - The number by which this instance divides from now on.
 * - The time at which the registry was seen.
 *
 * A late beat would report state 0 for an instance that is degraded by now. An instance without a share may replace an absent
 * instance. So may an instance that joined after the last beat of the absent instance. Each replaces only a single instance.
 *
 * A share grows only into room that the others leave, and only once the instance has the answer. A share that shrinks leaves
 * room for others once a beat reports the smaller share.
 *
 * While all instances are well and divide alike, `seen` is when an instance last found that. `count` is the number of
 * instances.
 */
const BEAT = lua('store instances', 'epoch id state among# configured# runs_until# session')`${REGISTRY}
local known = redis.call('HMGET', store, 'epoch', 'seen', 'count')
if known[1] ~= epoch then return { 0 } end
if state == '0' and now > runs_until then return { -1, {}, now, among, now } end

local seen, expected = tonumber(known[2] or 0), configured > 0 and configured or tonumber(known[3] or 0)
if state == '0' and among == expected and math.abs(now - seen) <= ${SEEN_MS} then
  local own = redis.call('HGET', instances, id) or ''
  local own_among, own_joined, own_session = string.match(own, '^%d+ 0 (%d+) (%d+) (%d+)$')
  if tonumber(own_among) == among and own_session == session then
    redis.call('HSET', instances, id, entry(now, state, among, own_joined, session))
    return { 1, {}, now, among, seen }
  end
end

local others, joined = {}, nil
local all = redis.call('HGETALL', instances)
for index = 1, #all, 2 do
  local name = all[index]
  local at, others_state, others_among, others_joined = string.match(all[index + 1], '^(%d+) (%d) (%d+) (%d+) %d+$')
  at = tonumber(at)
  if not at or now - at > ${FORGOTTEN_AFTER_MS} then
    redis.call('HDEL', instances, name)
  elseif name == id then
    joined = tonumber(others_joined)
  else
    others[#others + 1] = { name = name, at = at, state = others_state, among = tonumber(others_among) }
  end
end

local before = among
local comes_back = not joined and among > 0
if comes_back then among = 0 end
joined = joined or now
for index, other in ipairs(others) do
  local is_left = other.state == '2' and comes_back
  local is_absent = now - other.at > ${LEASE_MS} and (among == 0 or other.at < joined)
  if other.among > 0 and (is_left or is_absent) then
    redis.call('HDEL', instances, other.name)
    table.remove(others, index)
    joined = 0
    break
  end
end

local left, reserved = 1, {}
for _, other in ipairs(others) do
  if other.among > 0 then
    left = left - 1 / other.among
    if other.state ~= '0' or now - other.at > ${ABSENT_AFTER_MS} then reserved[#reserved + 1] = other.among end
  end
end
local wanted = configured > 0 and configured or #others + 1
if among == 0 or wanted < among then
  local room = left > 0.00005 and math.max(wanted, math.ceil(1 / left - 0.000001)) or 0
  if comes_back and room > 0 then room = math.max(room, before) end
  if room > 0 and (among == 0 or room < among) then among = room end
end
redis.call('HSET', instances, id, entry(now, state, among, joined, session))
if state == '0' and #reserved == 0 then
  redis.call('HSET', store, 'seen', now, 'count', #others + 1)
else
  redis.call('HDEL', store, 'seen')
end
redis.call('PEXPIRE', instances, 3600000)
redis.call('PEXPIRE', store, 3600000)
return { 1, reserved, now, among > 0 and math.max(among, wanted) or 0, now }`;

/**
 * The rule of all leases. The name of a holder begins with its instance and session. A lease lasts while the instance beats
 * and its session goes on. An instance that loses the store ends its session: the answer with the lease may be lost as well.
 * A permit outlasts the session, because its request may still be sent.
 *
 * An entry from the future belongs to an ended instance. A live instance beats soon after the clock is set back.
 */
export const IS_HELD = `
local function is_held(holder, outlasts_session)
  local instance, session = string.match(holder or '', '^([^.]+)%.(%d+)%.')
  local found = instance and redis.call('HGET', instances, instance) or ''
  local at, current = string.match(found, '^(%d+) %d %d+ %d+ (%d+)$')
  return at ~= nil and math.abs(now - at) <= ${LEASE_MS} and (outlasts_session or current == session)
end
`;

/** Lists the instances with a recent beat. */
const LIST_PRESENT = lua('instances', '')`
local present = {}
local all = redis.call('HGETALL', instances)
for index = 1, #all, 2 do
  local at = tonumber(string.match(all[index + 1], '^(%d+)'))
  if at and math.abs(now - at) <= ${LEASE_MS} then present[#present + 1] = all[index] end
end
return present`;

/** How old the list of present instances may be, in ms. */
const PRESENT_FOR_MS = 500;

const LEAVE = lua('instances', 'instance')`return redis.call('HDEL', instances, instance)`;

/**
 * Returns the epoch, its age in ms, and the time. A store that is new, was flushed or was restarted begins the given epoch:
 * its `run` differs. So does a store that has returned to an epoch which the asker has left: its data is too old. The epochs
 * that the asker has left follow the other arguments.
 *
 * The new registry has one entry for each instance that the asker knew of. Each entry keeps its share until an instance comes
 * back.
 */
const OPEN_STORE = lua('store instances', 'run epoch among#')`${REGISTRY}
local found = redis.call('HMGET', store, 'run', 'epoch', 'since')
local has_returned = false
for index = 4, #ARGV do has_returned = has_returned or ARGV[index] == found[2] end
if found[1] == run and not has_returned then return { found[2], now - found[3], now } end
redis.call('HSET', store, 'run', run, 'epoch', epoch, 'since', now)
redis.call('PEXPIRE', store, 3600000)
redis.call('DEL', instances)
for index = 1, among do redis.call('HSET', instances, index, entry(now, 2, among, now, 0)) end
return { epoch, 0, now }`;

const BEGIN_EPOCH = lua('store', 'run epoch')`
redis.call('HSET', store, 'run', run, 'epoch', epoch, 'since', now)
redis.call('PEXPIRE', store, 3600000)
return 1`;

interface MembershipOptions {
  /** By how many instances the quota is divided; undefined: by the present instances. */
  readonly instances: number | undefined;
  readonly now: () => number;
  readonly random: RandomSource;
  /** Returns the name of a key that all instances share. */
  readonly key: (name: string) => string;
  readonly run: (script: LuaScript, keys: readonly string[], args: readonly Argument[]) => Promise<unknown>;
  /** Called when the share can be used sooner than expected, or when the store has another epoch. */
  readonly onChange: () => void;
}

/**
 * This process among the instances of its gateway: its registry entry, and its share of each quota. The share is reserved
 * before this process uses it without the store. By then no other process counts the share as free, and no earlier request
 * counts. The share stays reserved until the store has all requests that were sent without it.
 */
export class Membership {
  readonly instance: string;
  /** Changes when the store is new, was flushed or was restarted. */
  epoch = '';
  readonly clock = new StoreClock();
  /** No permit is taken before this time. The store may not know recent requests, or counts them for too short a time. */
  quarantinedUntil = Number.NEGATIVE_INFINITY;
  /** Until when the view of the others holds, on the clock of Redis. */
  viewUntil = 0;
  /** The key of the registry, for scripts that check whether a lease is held. */
  readonly instances: string;
  readonly #store: string;
  /** The last epochs that this process has left. A store in such an epoch has older data. */
  readonly #left: string[] = [];
  readonly #options: MembershipOptions;
  #session = 0;
  #names = 0;
  #runId = '';
  #lastBeat: Promise<void> = Promise.resolve();
  /** The beat that has not begun yet. */
  #nextBeat: Promise<void> | undefined;
  /** The share is the rate divided by this number; 0: no share. */
  #among = 0;
  /** The same number for each other instance that is absent or keeps its share. */
  #reserved: readonly number[] = [];
  /** From when the share may be used without the store; undefined: not reserved, so others may use the share. */
  #reservedFrom: number | undefined;
  /** By when Redis ran the last beat that reported state 0 (well). */
  #wellBy = Number.NEGATIVE_INFINITY;
  /** The same time on the clock of Redis. */
  #wellUntil = 0;
  /** How far the clock of Redis is ahead of this process's clock at least, in ms. */
  #aheadMs = 0;

  /** The instances that were present at the last look. */
  #present: { readonly at: number; readonly names: ReadonlySet<string> } | undefined;
  #listing: Promise<void> | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.instance = randomId(options.random);
    this.instances = options.key('instances');
    this.#store = options.key('store');
  }

  /** From when this process may use its share of the quota without the store. */
  get degradedFrom(): number {
    return this.#reservedFrom ?? Number.POSITIVE_INFINITY;
  }

  /** The share of a quota that this process may use without the store; 0: the share is not known. */
  shareOf(rate: number): number {
    return share(rate, this.#among);
  }

  /** The part of a quota that is reserved for the shares of processes without the store. */
  reservedOf(rate: number): number {
    const own = this.#reservedFrom === undefined ? 0 : this.shareOf(rate);
    return this.#reserved.reduce((sum, among) => sum + share(rate, among), own);
  }

  /**
   * Whether the instance that has taken a permit may still use it. If this is not known, returns true, and asks Redis for the
   * present instances.
   */
  readonly mayHold = (permit: string): boolean => {
    const now = this.#options.now();
    const known = this.#present;
    if (known && now - known.at < PRESENT_FOR_MS)
      return known.names.has(permit.slice(0, permit.indexOf('.')));
    this.#listing ??= this.#listPresent().finally(() => {
      this.#listing = undefined;
    });
    return true;
  };

  /** Returns a name that was never used before, for example for a holder. */
  nextName(): string {
    this.#names += 1;
    return `${this.instance}.${this.#session}.${this.#names}`;
  }

  /** Takes the time that Redis has reported. After a jump no call starts until earlier requests no longer count. */
  hear(time: number, askedAt: number): void {
    const now = this.#options.now();
    if (this.clock.hear(time, askedAt, now))
      this.quarantinedUntil = Math.max(this.quarantinedUntil, now + QUARANTINE_MS);
  }

  /** Enters a store. `runId` names the run of the Redis process. @throws when the store is lost. */
  async enter(runId: string): Promise<void> {
    this.#runId = runId;
    await this.#openStore();
    await this.beat();
  }

  /** Begins without the store, with the configured share. */
  beginWithout(): void {
    this.#among = this.#options.instances ?? 0;
  }

  /**
   * Reserves the share when the store is lost. The share can be used once all others have seen this process as absent, and
   * earlier requests no longer count.
   */
  reserve(): void {
    this.#session += 1;
    const seenBy = this.#wellBy + ABSENT_AFTER_MS + VIEW_MS;
    this.#reservedFrom ??= Math.max(this.#options.now(), seenBy) + QUARANTINE_MS;
  }

  /** Lets the others use the share. The store must have all requests that were sent. @throws when the store is lost. */
  async release(): Promise<void> {
    this.#reservedFrom = undefined;
    await this.beat();
  }

  /** Leaves the registry. A share that was used without the store stays reserved: the store has not counted its requests. */
  async leave(): Promise<void> {
    if (this.#reservedFrom === undefined) await this.#options.run(LEAVE, [this.instances], [this.instance]);
  }

  /** Begins an epoch, as a new store would: all writes and cache entries become invalid. @throws when the store is lost. */
  async beginEpoch(): Promise<void> {
    await this.#options.run(BEGIN_EPOCH, [this.#store], [this.#runId, this.nextName()]);
    await this.beat();
  }

  /**
   * Shows the others that this process is there, and learns of them. Beats never overlap, so the share in the registry is
   * never smaller than the share in use. Calls during a beat share the next beat. @throws when the store is lost.
   */
  beat(): Promise<void> {
    this.#nextBeat ??= this.#lastBeat
      .catch(() => undefined)
      .then(() => {
        this.#nextBeat = undefined;
        return this.#beat();
      });
    this.#lastBeat = this.#nextBeat;
    return this.#lastBeat;
  }

  async #listPresent(): Promise<void> {
    const { now, run } = this.#options;
    const at = now();
    const names = await run(LIST_PRESENT, [this.instances], []).catch(() => undefined);
    if (names) this.#present = { at, names: new Set((names as readonly Buffer[]).map(String)) };
  }

  async #openStore(): Promise<void> {
    const { now, run } = this.#options;
    const args = [this.#runId, this.nextName(), this.#among, ...this.#left];
    const reply = await run(OPEN_STORE, [this.#store, this.instances], args);
    const [epoch, ageMs, time] = reply as [Buffer, number, number];
    this.#aheadMs = time - now();
    if (String(epoch) === this.epoch) return;
    if (this.epoch !== '') this.#left.push(this.epoch);
    if (this.#left.length > MAX_LEFT) this.#left.shift();
    this.epoch = String(epoch);
    this.quarantinedUntil = Math.max(this.quarantinedUntil, now() + QUARANTINE_MS - ageMs);
    this.#options.onChange();
  }

  async #beat(): Promise<void> {
    const { instances = 0, now: clock, run, onChange } = this.#options;
    const isWell = this.#reservedFrom === undefined;
    const runsBy = clock() + LATE_MS;
    const runsUntil = Math.floor(runsBy + this.#aheadMs);
    if (isWell) {
      this.#wellBy = runsBy;
      this.#wellUntil = Math.max(this.#wellUntil, runsUntil);
    }
    const reply = await run(
      BEAT,
      [this.#store, this.instances],
      [this.epoch, this.instance, isWell ? 0 : 1, this.#among, instances, runsUntil, this.#session],
    );
    const [state, reserved, time, among, seenAt] = reply as BeatReply;
    if (state === BEATEN.inOtherEpoch) {
      await this.#openStore();
      return this.#beat();
    }
    this.hear(time, runsBy - LATE_MS);
    const now = clock();
    this.#aheadMs = time - now;
    // The clock of Redis was set, or this beat was late: the next beat is in time.
    if (state === BEATEN.tooLate) return this.#beat();
    this.viewUntil = seenAt + VIEW_MS;
    this.#reserved = reserved;
    if (isWell) this.#wellBy = Math.min(runsBy, now);
    const reservedFrom = this.#reservedFrom;
    const seenFrom = now + VIEW_MS + QUARANTINE_MS;
    // The others know that this process is degraded: it can use its share once earlier requests no longer count.
    if (!isWell && time > this.#wellUntil && reservedFrom !== undefined && reservedFrom > seenFrom) {
      this.#reservedFrom = seenFrom;
      onChange();
    }
    if (among === this.#among) return;
    this.#among = among;
    // A share of another size has not been reserved yet.
    if (this.#reservedFrom !== undefined) this.#reservedFrom = seenFrom;
  }
}

type BeatReply = [state: number, reserved: number[], time: number, among: number, seenAt: number];
const BEATEN = { inOtherEpoch: 0, tooLate: -1 };

/**
 * The share of each instance, in calls per second. With more instances than the rate, each makes one call in some seconds. On
 * average all instances together then keep to the rate.
 */
function share(rate: number, among: number): number {
  if (among === 0) return 0;
  return among > rate ? 1 / Math.ceil(among / rate) : Math.floor(rate / among);
}
