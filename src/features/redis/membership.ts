import { LONGEST_WAY_MS } from '../../state/arrivals.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
import {
  ABSENT_AFTER_MS,
  absentForMs,
  callsPerSecond,
  entryOf,
  FORGOTTEN_AFTER_MS,
  holdsLease,
  LEASE_MS,
  memberOf,
  nextChange,
  type QuotaShare,
  type Registry,
  type RegistryMember,
  reservedShares,
  sessionName,
} from './registry.ts';
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
/** How often a beat tries to change the registry while other instances change it. */
const TRIES = 4;
/** The most epochs that are remembered. */
const MAX_LEFT = 100;
/** How long Redis keeps the registry without a beat, in ms. */
const KEPT_MS = 3_600_000;

/**
 * Records a beat of a session, and changes the registry. The registry has two keys: the entries of all instances, and the last
 * beat of each session.
 * - `runs_until`: the last time on the clock of Redis at which the beat of a well instance may run; 0: any time.
 * - `seen`: the version of the registry that the instance knows. A change is made only if this is the current version.
 * - `entry`: the new entry of the instance; empty: no change. "left": the instance leaves, whatever the version is.
 * - Names of instances and sessions that are removed with the change follow.
 *
 * Returns these five values:
 * - 1, or 0 if the store has another epoch, or -1 if the beat is too late.
 * - The time.
 * - The version of the registry.
 * - The sessions that have not beaten for `ABSENT_AFTER_MS`, each with its last beat.
 * - All entries if the instance does not know this version.
 *
 * This is a script because Redis must check the time of the beat, and beats are too frequent for a record.
 *
 * A late beat would show an instance as well that is degraded by now. If the newest beat is from the future, the clock of Redis
 * was set back. All beats then move back together, so an absent instance stays absent, and its share stays reserved.
 */
const BEAT = lua('store instances beats', 'epoch instance session runs_until# seen entry')`
local known = redis.call('HMGET', store, 'epoch', 'version')
if known[1] ~= epoch then return { 0 } end
if runs_until > 0 and now > runs_until then return { -1, now } end
local newest = redis.call('ZRANGE', beats, -1, -1, 'WITHSCORES')[2] or now
for _, other in ipairs(newest - now > 0 and redis.call('ZRANGE', beats, 0, -1) or {}) do
  redis.call('ZINCRBY', beats, now - newest, other)
end
redis.call('ZADD', beats, now, session)
local version = known[2]
if entry == 'left' or (entry ~= '' and version == seen) then
  if entry ~= 'left' then redis.call('HSET', instances, instance, entry) end
  for index = 7, #ARGV do
    redis.call('HDEL', instances, ARGV[index])
    redis.call('ZREM', beats, ARGV[index])
  end
  version = tostring(redis.call('HINCRBY', store, 'version', 1))
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${KEPT_MS}) end
local late = redis.call('ZRANGEBYSCORE', beats, '-inf', now - ${ABSENT_AFTER_MS + 1}, 'WITHSCORES')
return { 1, now, version, late, version == seen and {} or redis.call('HGETALL', instances) }`;

/**
 * Returns the epoch, its age in ms, and the time. A store that is new, was flushed or was restarted begins the given epoch:
 * its `run` differs. So does a store in the epoch `ended`. This is a script because it replaces three keys at once.
 *
 * The registry of a new epoch has the entries of the old registry, with their last beats. The first instance of an earlier
 * epoch brings them: `left` is that epoch. Each entry has four arguments: instance, entry, session, ms since its last beat.
 * Later than the quarantine, other instances may already have taken these shares.
 */
const OPEN_STORE = lua('store instances beats', 'run epoch left ended')`
local found = redis.call('HMGET', store, 'run', 'epoch', 'since')
if found[1] ~= run or found[2] == ended then
  redis.call('DEL', store, instances, beats)
  redis.call('HSET', store, 'run', run, 'epoch', epoch, 'since', now, 'version', 0)
  found = { run, epoch, now }
end
local age = now - found[3]
local is_carried = left == found[2] or age >= ${QUARANTINE_MS} or redis.call('HGET', store, 'isCarried')
if #ARGV > 4 and not is_carried then
  for index = 5, #ARGV, 4 do
    if not redis.call('HGET', instances, ARGV[index]) then
      redis.call('HSET', instances, ARGV[index], ARGV[index + 1])
      redis.call('ZADD', beats, now - ARGV[index + 3], ARGV[index + 2])
    end
  end
  redis.call('HSET', store, 'isCarried', 1)
  redis.call('HINCRBY', store, 'version', 1)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${KEPT_MS}) end
return { found[2], age, now }`;

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
  /** Called when a value of this kind in the store is dropped. */
  readonly onRejected: (kind: string) => void;
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
  readonly #keys: readonly string[];
  /** The last epochs that this process has left. A store in such an epoch has older data. */
  readonly #left: string[] = [];
  readonly #options: MembershipOptions;
  #session = 0;
  #names = 0;
  #runId = '';
  #hasLeft = false;
  #lastBeat: Promise<void> = Promise.resolve();
  /** The beat that has not begun yet. */
  #nextBeat: Promise<void> | undefined;
  /** The registry as of the last beat, its version, and the time of that beat by both clocks. */
  #registry: Registry = { members: new Map(), late: new Map() };
  #version = '';
  #seenAt = Number.NEGATIVE_INFINITY;
  #seenAtStore = 0;
  /** Whether the clock of Redis was set since that beat. */
  #isViewOfOtherTime = false;
  /** The share that this process may use. The registry may have a larger share, if the last answer was lost. */
  #share: QuotaShare | undefined;
  #joinedAt = 0;
  /** From when the share may be used without the store; undefined: not reserved, so others may use the share. */
  #reservedFrom: number | undefined;
  /** By when Redis ran the last beat that showed this process as well. */
  #wellBy = Number.NEGATIVE_INFINITY;
  /** How far the clock of Redis is ahead of this process's clock at least, in ms. */
  #aheadMs = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.instance = randomId(options.random);
    this.#keys = ['store', 'instances', 'beats'].map((name) => options.key(name));
  }

  /** From when this process may use its share of the quota without the store. */
  get degradedFrom(): number {
    return this.#reservedFrom ?? Number.POSITIVE_INFINITY;
  }

  /** The share of a quota that this process may use without the store, in calls per second; 0: the share is not known. */
  shareOf(rate: number): number {
    return this.#share ? callsPerSecond(rate, this.#share) : 0;
  }

  /** The part of a quota that is reserved for the shares of processes without the store. */
  reservedOf(rate: number): number {
    const own = this.#reservedFrom === undefined ? 0 : this.shareOf(rate);
    const shares = reservedShares(this.#registry, this.instance, this.#seenAtStore);
    return Math.min(
      rate,
      shares.reduce((sum, share) => sum + callsPerSecond(rate, share), own),
    );
  }

  /** Whether the instance that has taken a permit may still use it. Returns true if this is not known. */
  readonly mayHold = (permit: string): boolean => {
    const instance = permit.slice(0, permit.indexOf('.'));
    if (instance === this.instance || !this.hasJustBeaten) return true;
    const member = this.#registry.members.get(instance);
    if (!member) return false;
    return absentForMs(this.#registry, instance, member, this.#seenAtStore) <= LEASE_MS;
  };

  /** Returns a name that was never used before, for example for a holder. */
  nextName(): string {
    this.#names += 1;
    return `${sessionName(this.instance, this.#session)}.${this.#names}`;
  }

  /** Whether the holder of a lease may still use the lease, which was taken at this time or before. */
  isHeld(holder: string, takenAt: number): boolean {
    const [instance, session] = holder.split('.');
    if (instance === this.instance) return session === String(this.#session);
    if (!this.hasJustBeaten) return true;
    return holdsLease(this.#registry, holder, this.#seenAtStore, takenAt);
  }

  /** Whether this process has beaten a moment ago: it knows which instances are there, and they know this process. */
  get hasJustBeaten(): boolean {
    return !this.#isViewOfOtherTime && this.#options.now() - this.#seenAt <= VIEW_MS;
  }

  /** Takes the time that Redis has reported. After a jump no call starts until earlier requests no longer count. */
  hear(time: number, askedAt: number): void {
    const now = this.#options.now();
    const hasJumped = this.clock.hear(time, askedAt, now);
    if (hasJumped) this.quarantinedUntil = Math.max(this.quarantinedUntil, now + QUARANTINE_MS);
    // After the clock of Redis was set, the view does not tell which holders have joined since.
    if (hasJumped || time < this.#seenAtStore) this.#isViewOfOtherTime = true;
  }

  /** Enters a store. `runId` names the run of the Redis process. @throws when the store is lost. */
  async enter(runId: string): Promise<void> {
    this.#runId = runId;
    await this.#openStore();
    await this.beat();
  }

  /** Begins without the store, with the smallest of the configured shares. */
  beginWithout(): void {
    const { instances: among } = this.#options;
    if (among !== undefined) this.#share = { place: among - 1, among };
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
    if (this.#reservedFrom !== undefined) return;
    this.#hasLeft = true;
    await this.#send('left', [this.instance, sessionName(this.instance, this.#session)]);
  }

  /** Begins an epoch, as a new store would: all writes and cache entries become invalid. @throws when the store is lost. */
  async beginEpoch(): Promise<void> {
    while (!(await this.#openStore(this.epoch))) {
      // Another process has begun an epoch meanwhile, maybe before the reason for this epoch.
    }
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

  /** Enters the epoch of the store, or begins an epoch after `ended`. Returns whether this process has begun the epoch. */
  async #openStore(ended = ''): Promise<boolean> {
    const { now, run } = this.#options;
    const own = this.nextName();
    const time = now() + this.#aheadMs;
    const carried = [...this.#registry.members].flatMap(([instance, member]) => {
      const absentMs = absentForMs(this.#registry, instance, member, this.#seenAtStore);
      const agoMs = Math.max(0, Math.floor(time - this.#seenAtStore + absentMs));
      if (agoMs > FORGOTTEN_AFTER_MS) return [];
      return [instance, entryOf(member), sessionName(instance, member.session), agoMs];
    });
    const reply = await run(OPEN_STORE, this.#keys, [this.#runId, own, this.epoch, ended, ...carried]);
    const [found, ageMs, storeTime] = reply as [Buffer, number, number];
    const epoch = String(found);
    if (this.#left.includes(epoch)) return this.#openStore(epoch);
    this.#aheadMs = storeTime - now();
    if (epoch === this.epoch) return false;
    if (this.epoch !== '') this.#left.push(this.epoch);
    if (this.#left.length > MAX_LEFT) this.#left.shift();
    this.epoch = epoch;
    this.#version = '';
    this.#joinedAt = storeTime;
    this.quarantinedUntil = Math.max(this.quarantinedUntil, now() + QUARANTINE_MS - Math.max(0, ageMs));
    this.#options.onChange();
    return epoch === own;
  }

  /** The next change of this process's entry; undefined: none. */
  #nextChange(): ReturnType<typeof nextChange> {
    if (this.#version === '') return undefined;
    const isDegraded = this.#reservedFrom !== undefined;
    // Requests of the larger share count until the smaller share is in use.
    const isShrinking = isDegraded && this.degradedFrom > this.#options.now();
    const wanted: RegistryMember = {
      session: this.#session,
      isDegraded,
      share: isShrinking ? (this.#registry.members.get(this.instance)?.share ?? this.#share) : this.#share,
      joinedAt: this.#joinedAt,
    };
    const isQuarantined = this.quarantinedUntil > this.#options.now();
    const { instances: configured } = this.#options;
    return nextChange(this.#registry, this.instance, wanted, this.#seenAtStore, {
      configured,
      isQuarantined,
    });
  }

  async #beat(): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      if (this.#hasLeft) return;
      const change = this.#nextChange();
      if (change) this.#share = smallerOf(this.#share, change.member.share);
      await this.#send(change ? entryOf(change.member) : '', change?.removed ?? []);
      if (!this.#nextChange()) break;
    }
    this.#adoptShare();
  }

  /** Takes the share of the registry. While degraded, the share does not grow, and makes room for more members. */
  #adoptShare(): void {
    const { members } = this.#registry;
    const found = members.get(this.instance);
    const before = this.#share;
    const { instances: count = members.size } = this.#options;
    if (this.#reservedFrom === undefined) this.#share = found?.share;
    else this.#share = smallerOf(before ?? found?.share, found?.share, count);
    if (this.#reservedFrom === undefined) return;
    const seenFrom = this.#seenAt + VIEW_MS + QUARANTINE_MS;
    // A share of another size has not been reserved yet.
    if (!isSame(before, this.#share)) this.#reservedFrom = seenFrom;
    // The others know that this process is degraded: it can use its share once earlier requests no longer count.
    if (!found?.isDegraded || this.#reservedFrom <= seenFrom) return;
    this.#reservedFrom = seenFrom;
    this.#options.onChange();
  }

  /** Sends a beat, with a change of the registry unless `entry` is empty. @throws when the store is lost. */
  async #send(entry: string, removed: readonly string[]): Promise<void> {
    const { now: clock, run } = this.#options;
    const isWell = this.#reservedFrom === undefined;
    const askedAt = clock();
    const runsBy = askedAt + LATE_MS;
    if (isWell) this.#wellBy = runsBy;
    const session = sessionName(this.instance, this.#session);
    const runsUntil = isWell ? Math.floor(runsBy + this.#aheadMs) : 0;
    const args = [this.epoch, this.instance, session, runsUntil, this.#version, entry, ...removed];
    const reply = (await run(BEAT, this.#keys, args)) as BeatReply;
    const [state, time, version, late, entries] = reply;
    if (state === BEATEN.inOtherEpoch) {
      await this.#openStore();
      return this.#send('', []);
    }
    this.hear(time, askedAt);
    const now = clock();
    this.#aheadMs = time - now;
    // The clock of Redis was set, or this beat was late: the next beat is in time.
    if (state === BEATEN.tooLate) return this.#send('', []);
    this.viewUntil = time + VIEW_MS;
    if (isWell) this.#wellBy = Math.min(runsBy, now);
    this.#version = String(version);
    this.#seenAt = now;
    this.#seenAtStore = time;
    this.#isViewOfOtherTime = false;
    const members = entries.length === 0 ? this.#registry.members : membersOf(entries);
    // A gateway of another version may use the whole quota.
    if (2 * members.size < entries.length) this.#options.onRejected('instance');
    this.#registry = { members, late: new Map(pairsOf(late).map(([name, at]) => [name, Number(at)])) };
  }
}

type BeatReply = [state: number, time: number, version: Buffer, late: Buffer[], entries: Buffer[]];
const BEATEN = { inOtherEpoch: 0, tooLate: -1 };

function pairsOf(words: readonly Buffer[]): [string, string][] {
  return Array.from({ length: words.length / 2 }, (_one, index) => [
    String(words[2 * index]),
    String(words[2 * index + 1]),
  ]);
}

/** Entries of another form belong to no gateway of this version. */
function membersOf(entries: readonly Buffer[]): Map<string, RegistryMember> {
  return new Map(
    pairsOf(entries).flatMap(([instance, entry]) => {
      const member = memberOf(entry);
      return member ? [[instance, member]] : [];
    }),
  );
}

/** A share that is at most as large as either share, and divides by at least `count`. Undefined: no share. */
function smallerOf(
  one: QuotaShare | undefined,
  other: QuotaShare | undefined,
  count = 0,
): QuotaShare | undefined {
  return (
    one &&
    other && { place: Math.max(one.place, other.place), among: Math.max(one.among, other.among, count) }
  );
}

function isSame(one: QuotaShare | undefined, other: QuotaShare | undefined): boolean {
  return one?.place === other?.place && one?.among === other?.among;
}
