import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { EntryFollower, EntryUpdate } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { IS_HELD } from './membership.ts';

/** An entry expires between `KEPT_MS` and `KEEP_MS` after a process has last looked at it. */
const KEPT_MS = 60_000;
const KEEP_MS = 75_000;
/** One look reads no further entries after this many bytes. */
const MAX_LOOK_BYTES = 1024 * 1024;
/** The maximum size of the changes that are stored since the whole entry, in bytes. Limits what a new process reads. */
const MAX_CHANGES_BYTES = 1024 * 1024;
/** Each change counts as at least this many bytes, which limits the number of changes too. */
const MIN_CHANGE_BYTES = 4 * 1024;

/** The age of an entry that was stored before the clock of Redis was set back, in ms. */
const UNKNOWN_AGE_MS = 1e12;

const KEEP_ENTRY = `
local function keep(key)
  if redis.call('PTTL', key) < ${KEPT_MS} then redis.call('PEXPIRE', key, ${KEEP_MS}) end
end
`;

/**
 * Looks at entries. The keys end with each entry and its log. Each entry has four arguments:
 * 1. The name under which the process would hold the lease.
 * 2. The stamp of a broken entry, which is deleted.
 * 3. The stamp that the process has seen.
 * 4. The version that the process has seen. -1: it needs the whole entry.
 *
 * Takes each free lease if the process can hold a lease. Replies for each entry whether the process has the lease, and the
 * stamp. If the process has not seen the stamp, the reply goes on:
 * 3. The version.
 * 4. Whether the process with the lease has stored this.
 * 5. How many ms ago the data were read.
 * 6. The head.
 * 7. The whole entry, if changes are missing.
 * 8. The changes. The last change leads to the version.
 *
 * Replies an empty list for an entry that did not fit into the reply.
 */
export const LOOK = lua('beats', '')`${KEEP_ENTRY}${IS_HELD}
local replies, bytes = {}, 0
for index = 2, #KEYS, 2 do
  local entry, log, at = KEYS[index], KEYS[index + 1], 1 + (index - 2) / 2 * 4
  local holder, broken, seen, version = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local found = redis.call('HMGET', entry, 'leader', 'stamp', 'by', 'version', 'first', 'readAt', 'head')
  if not found[2] or found[2] == broken then
    redis.call('DEL', log)
    redis.call('HDEL', entry, 'stamp')
    found = { found[1], '' }
  end
  if found[1] ~= holder and not is_held(found[1]) and is_held(holder) then
    redis.call('HSET', entry, 'leader', holder)
    found[1] = holder
  end
  keep(entry)
  keep(log)
  local reply = { found[1] == holder and 1 or 0, found[2] }
  if bytes >= ${MAX_LOOK_BYTES} then
    reply = {}
  elseif found[2] ~= '' and found[2] ~= seen then
    local from, first, whole, changes = version + 1, tonumber(found[5]), false, {}
    if from < first then
      whole, from = redis.call('HGET', log, 'whole'), first
      bytes = bytes + #(whole or '')
    end
    for number = from, tonumber(found[4]) do
      local change = redis.call('HGET', log, number)
      changes[#changes + 1] = change
      bytes = bytes + #(change or '')
    end
    local is_current = found[3] == found[1] and 1 or 0
    local age = now - found[6]
    reply[3], reply[4], reply[5] = tonumber(found[4]), is_current, age >= 0 and age or ${UNKNOWN_AGE_MS}
    reply[6], reply[7], reply[8] = found[7], whole, changes
  end
  replies[#replies + 1] = reply
end
return replies`;

/**
 * Stores an update of the process with the lease, if the entry has the stamp `before`. A `whole` entry replaces all changes
 * but the last. Replies 1 if the update is stored, else 0.
 */
const STORE_ENTRY = lua(
  'entry log channel',
  'holder before stamp version age# head change whole',
)`${KEEP_ENTRY}
local found = redis.call('HMGET', entry, 'leader', 'stamp')
if found[1] ~= holder or (found[2] or '') ~= before then return 0 end
if whole ~= '' then
  redis.call('DEL', log)
  redis.call('HSET', log, 'whole', whole)
end
if change ~= '' then redis.call('HSET', log, version, change) end
local first = change ~= '' and version or version + 1
if whole ~= '' or before == '' then redis.call('HSET', entry, 'first', first) end
redis.call('HSET', entry, 'stamp', stamp, 'by', holder, 'version', version, 'readAt', now - math.floor(age), 'head', head)
keep(log)
redis.pcall('PUBLISH', channel, entry .. ' ' .. stamp)
return 1`;

/** Gives up the lease. The first process to hear of this takes it. */
const LEAVE_ENTRY = lua('entry channel', 'holder')`
if redis.call('HGET', entry, 'leader') ~= holder then return 0 end
redis.call('HDEL', entry, 'leader')
redis.pcall('PUBLISH', channel, entry .. ' ')
return 1`;

interface LiveEntryOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The entry's name in the store. */
  readonly name: string;
  readonly channel: string;
  readonly follower: EntryFollower;
  /** Called when the entry needs a look at once. */
  readonly onDue: () => void;
  readonly onGone: () => void;
}

/** The reply of a look for an entry. */
export type EntryView = readonly [
  isLeader?: number,
  stamp?: Buffer,
  version?: number,
  isCurrent?: number,
  ageMs?: number,
  head?: Buffer,
  whole?: Buffer | null,
  changes?: readonly (Buffer | null)[],
];

export type FollowedEntryInRedis = ReturnType<typeof followEntryInRedis>;

/** The process has not seen the entry yet. */
const NOTHING_SEEN = { stamp: '', version: -1 };

/**
 * Follows an entry in Redis. Each update has a new stamp, and the lease allows an update only of the stamp that its process
 * has seen. So no process overwrites what it does not know. While Redis is lost, the follower leads alone.
 */
export function followEntryInRedis(options: LiveEntryOptions) {
  const { link, account, name, channel, follower, onDue, onGone } = options;
  const { encryption } = account;
  const key = account.key(`live-${name}`);
  const log = `${key}-log`;
  /** The name under which this process holds the lease. Each lease gets a new name. */
  let holder = link.membership.nextName();
  /** Whether this process has the lease, and the bytes of the changes since it has stored the whole entry. */
  let lease: { changesBytes: number } | undefined;
  let seen = NOTHING_SEEN;
  /** The stamp of the update that is on its way. */
  let storing: string | undefined;
  /** The stamp of an entry that cannot be read, and is to be deleted. */
  let broken = '';
  let isAlone = false;
  let isGone = false;
  /** Called after the next look, and after the look that is under way. */
  const refreshing: (() => void)[] = [];
  const looking: (() => void)[] = [];
  /** Each update waits here until the update before is stored. */
  let stored: Promise<unknown> = Promise.resolve();

  const seal = (value: object | undefined, location: string) =>
    value ? encryption.seal(JSON.stringify(value), location) : '';
  const open = (sealed: Buffer | null | undefined, location: string) => {
    const text = sealed ? encryption.open(sealed, location) : undefined;
    return text === undefined ? undefined : (JSON.parse(text) as object);
  };

  /** Hands on what another process has stored. Returns whether the follower can use it. */
  const read = (view: EntryView, askedAt: number): boolean => {
    const [, stamp, version = 0, isCurrent, ageThenMs = 0, ...sealed] = view;
    // After a stall the reply is old. The age counts from the look, so old data never count as new.
    const ageMs = ageThenMs + link.now() - askedAt;
    const [sealedHead, sealedWhole, sealedChanges = []] = sealed;
    const head = open(sealedHead, `${key} ${stamp}`);
    const whole = open(sealedWhole, `${log} whole`);
    const from = version - sealedChanges.length + 1;
    const changes = sealedChanges.flatMap((one, index) => open(one, `${log} ${from + index}`) ?? []);
    if (!head || (sealedWhole && !whole)) return false;
    if (follower.found({ head, whole, changes, ageMs, isCurrent: isCurrent === 1 })) return true;
    // A gateway of another version has stored the entry.
    if (seen === NOTHING_SEEN) link.rejected('live');
    return false;
  };

  /** Takes in a view. Returns false if another look is needed. */
  const take = (view: EntryView, asked: typeof seen, askedAt: number): boolean => {
    const [isLeader, stampNow, version = seen.version] = view;
    if (!stampNow) return false;
    const stamp = String(stampNow);
    if (stamp !== seen.stamp) {
      // This process stores an update, or has stored an update since the look.
      if (asked !== seen || stamp === storing) return false;
      // An unexpected stamp: the store has lost an update, or the lease is new.
      lease = undefined;
      if (stamp !== '' && !read(view, askedAt)) {
        if (asked === NOTHING_SEEN) broken = stamp;
        seen = NOTHING_SEEN;
        return false;
      }
      seen = { stamp, version };
      broken = '';
      // The news may have ended all streams.
      if (isGone) return true;
    }
    if (isLeader !== 1) {
      holder = link.membership.nextName();
      lease = undefined;
      follower.yield();
    } else if (!lease) {
      lease = { changesBytes: Number.POSITIVE_INFINITY };
      follower.lead();
    }
    return true;
  };

  const refreshed = () => {
    for (const resolve of looking.splice(0)) resolve();
  };

  const store = async ({ head, change, isNew, whole, ageMs }: EntryUpdate, given: typeof lease) => {
    if (!given || lease !== given || isGone) return false;
    const version = Math.max(0, seen.version) + (change || isNew ? 1 : 0);
    const stamp = link.membership.nextName();
    const sealedChange = seal(change, `${log} ${version}`);
    const bytes = change ? Math.max(MIN_CHANGE_BYTES, sealedChange.length) : 0;
    const isWhole = isNew || given.changesBytes + bytes > MAX_CHANGES_BYTES;
    const sealedWhole = isWhole ? seal(whole(), `${log} whole`) : '';
    const sealedHead = seal(head, `${key} ${stamp}`);
    const args = [holder, seen.stamp, stamp, version, ageMs, sealedHead, sealedChange, sealedWhole];
    storing = stamp;
    try {
      const isStored = (await link.run(STORE_ENTRY, [key, log, channel], args)) === 1;
      // A look of an entry that was left would take the lease again.
      if (isGone || lease !== given) return false;
      if (isStored) {
        seen = { stamp, version };
        given.changesBytes = sealedWhole ? 0 : given.changesBytes + bytes;
      } else {
        lease = undefined;
        onDue();
      }
      return isStored;
    } catch {
      // Redis is lost: the follower leads alone.
      return false;
    } finally {
      storing = undefined;
    }
  };

  return {
    key,
    /** Gives this entry's part of a look. Looks never overlap. */
    look() {
      const asked = seen;
      const askedAt = link.now();
      looking.push(...refreshing.splice(0));
      return {
        keys: [key, log],
        args: [holder, broken, seen.stamp, seen.version],
        answered(view: EntryView) {
          if (isGone || isAlone) return;
          if (take(view, asked, askedAt)) refreshed();
          else onDue();
        },
      };
    },
    store(update: EntryUpdate): MaybePromise<boolean> {
      if (isAlone) return !isGone;
      const given = lease;
      const result = stored.then(() => store(update, given));
      stored = result;
      return result;
    },
    refresh(): MaybePromise<void> {
      if (isAlone || lease) return undefined;
      return new Promise((resolve) => {
        refreshing.push(resolve);
        onDue();
      });
    },
    leave() {
      if (isGone) return;
      isGone = true;
      onGone();
      link.run(LEAVE_ENTRY, [key, channel], [holder]).catch(() => undefined);
    },
    /** Called when Redis is lost. */
    degrade() {
      if (isGone || isAlone) return;
      isAlone = true;
      lease = undefined;
      holder = link.membership.nextName();
      follower.lead();
      looking.push(...refreshing.splice(0));
      refreshed();
    },
    /** Called when Redis is back. */
    recover() {
      if (!isAlone) return;
      isAlone = false;
      seen = NOTHING_SEEN;
      onDue();
    },
    /** Takes a message about the entry: its stamp, or nothing if the lease is free. */
    receive(stamp: string) {
      if (stamp !== seen.stamp && !stamp.startsWith(`${link.membership.instance}.`)) onDue();
    },
  };
}
