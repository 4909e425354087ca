import { LONGEST_WAY_MS } from '../../state/arrivals.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
import { StoreClock } from './store-clock.ts';

/** After so long nothing that was sent before counts: a request leaves soon after its permit was taken, and arrives within this time. */
const QUARANTINE_MS = WINDOW_MS + LONGEST_WAY_MS + 100;
/** How long after its sending Redis may carry out a beat. */
const LATE_MS = 250;
/** How long the view of the other instances that a beat gives is true. */
const VIEW_MS = 500;
/** Others then leave a share of the quota to the instance, which may have lost Redis rather than have ended. */
const ABSENT_AFTER_MS = 1_000;
/** Then another instance can replace it, and hold what it held. */
const LEASE_MS = 3_000;
const FORGOTTEN_AFTER_MS = 60_000;
/** For so long all instances use what one of them has seen of the registry: many would each read all entries four times a second. */
const SEEN_MS = 100;
/** How many epochs are remembered. */
const MAX_LEFT = 100;

/**
 * The registry of instances. An entry is `<last beat> <state> <among> <joined> <session>`: state 0 is well, 1 is degraded and
 * keeps its share of the quota, 2 stands for an instance of the epoch before that has not come back. The share is the rate divided by
 * `among` (0: none). The shares of all entries never exceed the rate, whatever each instance has learnt of the others.
 */
const REGISTRY = `
local function entry(at, state, among, joined, session)
  return string.format('%.0f %s %d %.0f %s', at, state, among, joined, session)
end
`;

/**
 * `among`: among how many the instance divides the quota; `configured`: how many there are by configuration (0: as many as there are
 * entries); `runs_until`: until when it may run, on the clock of Redis.
 * Gives 0 when the store has another epoch, -1 when it is too late; otherwise 1; for each of the others that is absent or keeps
 * its share among how many it divides; the time; among how many this one is to divide from now on; and when the registry was seen.
 *
 * A beat that comes too late would show an instance as well that is degraded by now. An absent
 * instance is replaced by one that has no share or has joined since, each of which replaces only one. A share may grow only
 * where the others leave room, and the instance uses it after it has learnt so; one that shrinks is free for others once the
 * instance has said that it uses the smaller one. While all instances are well and divide alike, `seen` says when an instance has
 * found that, and `count` how many there are.
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
 * The one lease: the name of a holder begins with its instance and session. It holds what it has while the instance beats, and
 * until that loses the store, which ends the session: the answer that gave it something may be lost as well. A permit outlasts
 * the session, as its request may yet be sent. An instance of later has ended: whichever lives beats again soon after the clock was
 * set back.
 */
export const IS_HELD = `
local function is_held(holder, outlasts_session)
  local instance, session = string.match(holder or '', '^([^.]+)%.(%d+)%.')
  local found = instance and redis.call('HGET', instances, instance) or ''
  local at, current = string.match(found, '^(%d+) %d %d+ %d+ (%d+)$')
  return at ~= nil and math.abs(now - at) <= ${LEASE_MS} and (outlasts_session or current == session)
end
`;

/** Gives the name of each instance that has shown lately that it is there. */
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
 * Gives the epoch, its age in ms, and the time. A store that is new, was flushed or was started again, as the run of the Redis process
 * says, begins the given epoch. So does a store that has returned to an epoch which the asker has left: these epochs follow. The
 * store's data is older than what the asker has seen since. Its registry begins with all instances that the asker knew of: each keeps its share until it comes back.
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
  /** Among how many instances the quota is divided; undefined: among those that are there. */
  readonly instances: number | undefined;
  readonly now: () => number;
  readonly random: RandomSource;
  /** The name of a key that all instances share. */
  readonly key: (name: string) => string;
  readonly run: (script: LuaScript, keys: readonly string[], args: readonly Argument[]) => Promise<unknown>;
  /** The share can be used sooner than was expected, or the store has turned out to be another one. */
  readonly onChange: () => void;
}

/**
 * This process among the others of its gateway: its entry in the registry of instances, and its share of each quota. The share
 * is reserved before it is used without the store: then no other process counts it as free, and nothing that was sent before
 * counts any more. It stays reserved until all that was sent without the store stands in it.
 */
export class Membership {
  readonly instance: string;
  /** Another one whenever the store is new, was flushed or was started again. */
  epoch = '';
  readonly clock = new StoreClock();
  /** No permit is taken before this, as what was sent lately may not be in the store, or counts for too short a time there. */
  quarantinedUntil = Number.NEGATIVE_INFINITY;
  /** Until when the view of the others is true, on the clock of Redis. */
  viewUntil = 0;
  /** The key of the registry, for scripts that ask whether something is held. */
  readonly instances: string;
  readonly #store: string;
  /** Epochs that this process has left, the last ones: a store in one of them has older data. */
  readonly #left: string[] = [];
  readonly #options: MembershipOptions;
  #session = 0;
  #names = 0;
  #runId = '';
  #lastBeat: Promise<void> = Promise.resolve();
  /** It has not begun. */
  #nextBeat: Promise<void> | undefined;
  /** The share is the rate divided by this; 0: there is none. */
  #among = 0;
  /** The same for each other instance that is absent or keeps its share. */
  #reserved: readonly number[] = [];
  /** From when the share may be used without the store; undefined: it is not reserved, so others may use it. */
  #reservedFrom: number | undefined;
  /** By when the last beat was carried out that said that this process is well. */
  #wellBy = Number.NEGATIVE_INFINITY;
  /** The same on the clock of Redis. */
  #wellUntil = 0;
  /** How far the clock of Redis is ahead of this one, or less. */
  #aheadMs = 0;

  /** The instances that were there when this was last asked. */
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

  /** The share of a quota that this process may use by itself; 0: not known. */
  shareOf(rate: number): number {
    return share(rate, this.#among);
  }

  /** The part of a quota that is reserved for processes that use their share by themselves. */
  reservedOf(rate: number): number {
    const own = this.#reservedFrom === undefined ? 0 : this.shareOf(rate);
    return this.#reserved.reduce((sum, among) => sum + share(rate, among), own);
  }

  /**
   * Whether the instance that has taken a permit may still use it. Asks Redis which instances are there where this is not known; until
   * then the answer is yes.
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

  /** A name that was never used, such as that of a holder. */
  nextName(): string {
    this.#names += 1;
    return `${this.instance}.${this.#session}.${this.#names}`;
  }

  /** Takes the time that Redis has reported. After a jump nothing starts until all that was sent before has stopped counting. */
  hear(time: number, askedAt: number): void {
    const now = this.#options.now();
    if (this.clock.hear(time, askedAt, now))
      this.quarantinedUntil = Math.max(this.quarantinedUntil, now + QUARANTINE_MS);
  }

  /** Enters a store. `runId` names the run of the Redis process. @throws when it is lost. */
  async enter(runId: string): Promise<void> {
    this.#runId = runId;
    await this.#openStore();
    await this.beat();
  }

  /** Begins without the store, with the share that the configuration gives. */
  beginWithout(): void {
    this.#among = this.#options.instances ?? 0;
  }

  /** The store is lost: reserves the share for when all others have seen that this process is absent. */
  reserve(): void {
    this.#session += 1;
    const seenBy = this.#wellBy + ABSENT_AFTER_MS + VIEW_MS;
    this.#reservedFrom ??= Math.max(this.#options.now(), seenBy) + QUARANTINE_MS;
  }

  /** From now on the others may use the share: all that was sent stands in the store. @throws when it is lost. */
  async release(): Promise<void> {
    this.#reservedFrom = undefined;
    await this.beat();
  }

  /** One that has used its share without the store leaves it reserved, as what it sent is not in the store. */
  async leave(): Promise<void> {
    if (this.#reservedFrom === undefined) await this.#options.run(LEAVE, [this.instances], [this.instance]);
  }

  /** Makes all writes and cache entries in the store invalid, as a new store would. @throws when it is lost. */
  async beginEpoch(): Promise<void> {
    await this.#options.run(BEGIN_EPOCH, [this.#store], [this.#runId, this.nextName()]);
    await this.beat();
  }

  /**
   * Shows the others that this process is there, and learns of them. One beat follows the other, so that the registry holds
   * the share that this process goes by, or a larger one: all that ask meanwhile have the next one. @throws when the store is lost.
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
    // The clock of Redis was set, or this was late: then the next one is in time.
    if (state === BEATEN.tooLate) return this.#beat();
    this.viewUntil = seenAt + VIEW_MS;
    this.#reserved = reserved;
    if (isWell) this.#wellBy = Math.min(runsBy, now);
    const reservedFrom = this.#reservedFrom;
    const seenFrom = now + VIEW_MS + QUARANTINE_MS;
    // The others know that this process is degraded: it can use its share from then on, if not sooner.
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

/** Among more instances than the rate, each may make one call in so many seconds that all of them keep to the rate on average. */
function share(rate: number, among: number): number {
  if (among === 0) return 0;
  return among > rate ? 1 / Math.ceil(among / rate) : Math.floor(rate / among);
}
