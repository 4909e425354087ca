import type { FeedEntryRole, FeedMember } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** A feed expires between `KEPT_MS` and `KEEP_MS` after its last heartbeat or entry. */
const KEPT_MS = 60_000;
const KEEP_MS = 75_000;
/** The message that a feed has lost its leader, or has a new leader. */
export const LEADER_CHANGED = 'leader';

/** Stands for every epoch of a feed. No epoch has a name like this. */
export const ANY_EPOCH = '*';

export const KEEP_FEED = `
local function keep(key)
  if redis.call('PTTL', key) < ${KEPT_MS} then redis.call('PEXPIRE', key, ${KEEP_MS}) end
end
`;

/** The maximum size of all parts since the last whole entry, in bytes. Limits how much is read and dropped. */
const MAX_PARTS_BYTES = 4 * 1024 * 1024;
/** Each entry counts as at least this many bytes, which limits the number of entries too. */
const MIN_ENTRY_BYTES = 4 * 1024;

/**
 * Adds an entry of the leader to the log. Replies 0 if another process leads, or the feed was reset; else 1.
 * Replies 2 if the log became too long. The leader must then publish a whole entry.
 */
const PUBLISH_ENTRY = lua('feed log channel', 'holder epoch role entry')`${KEEP_FEED}
local found = redis.call('HMGET', feed, 'epoch', 'leader', 'seq', 'whole', 'parts')
if found[1] ~= epoch or found[2] ~= holder then return 0 end
local seq, result = found[3] + 1, 1
redis.call('XADD', log, string.format('%d-0', seq), 'entry', entry)
redis.call('HSET', feed, 'seq', seq)
if role == 'whole' then
  local from = found[4] or seq
  redis.call('HSET', feed, 'whole', seq, 'from', from, 'parts', 0)
  redis.call('XTRIM', log, 'MINID', string.format('%d-0', from))
else
  local parts = (found[5] or 0) + math.max(${MIN_ENTRY_BYTES}, #entry)
  local is_over = parts > ${MAX_PARTS_BYTES}
  if role == 'last' or is_over then
    redis.call('HDEL', feed, 'whole')
    redis.call('HSET', feed, 'from', seq + 1)
    parts = 0
  end
  if is_over then
    redis.call('XTRIM', log, 'MAXLEN', 10)
    result = 2
  end
  redis.call('HSET', feed, 'parts', parts)
end
keep(log)
redis.pcall('PUBLISH', channel, feed .. ' ' .. seq)
return result`;

/** Gives up the leader's lease. The first process to hear of this takes the lease. */
const LEAVE_LEADER = lua('feed channel', 'holder')`
if redis.call('HGET', feed, 'leader') ~= holder then return 0 end
redis.call('HDEL', feed, 'leader')
redis.pcall('PUBLISH', channel, feed .. ' ${LEADER_CHANGED}')
return 1`;

interface FeedSubscriptionOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The feed's name in the store. */
  readonly name: string;
  readonly channel: string;
  readonly member: FeedMember;
  /** Called when the subscription needs a heartbeat at once. */
  readonly onDue: () => void;
  readonly onGone: () => void;
}

/** `entries`: the first unread entries, or null if entries of other feeds have filled the reply. */
export type FeedView = readonly [
  epoch: Buffer,
  isLeader: number,
  lastEntry: number,
  hasWhole: number,
  start: number,
  entries: readonly [id: Buffer, fields: [name: Buffer, entry: Buffer]][] | null,
];

const PUBLISHED = { tooMuch: 2 };

export type RedisFeedSubscription = ReturnType<typeof subscribeToFeed>;

/**
 * The subscription of a member to a feed in Redis. While Redis is lost, the member leads alone and receives only its own
 * entries. Afterwards the feed is reset, and its next entry is whole. This entry is newer than all that members have seen.
 */
export function subscribeToFeed(options: FeedSubscriptionOptions) {
  const { link, account, name, channel, member, onDue, onGone } = options;
  const feed = account.key(`feed-${name}`);
  const log = account.key(`feed-${name}-log`);
  /** The name under which this subscription holds the leader's lease. Each lease gets a new name. */
  let holder = link.membership.nextName();
  /** The feed's epoch that this subscription reads, and the number of the last entry that it has read. */
  let epoch = '';
  let last = 0;
  /** Whether this subscription holds the lease, and has read all earlier entries. */
  let isLeading = false;
  /** Whether the member was told to lead, and has not been told to follow since. */
  let memberLeads = false;
  let isDegraded = false;
  /** The epoch of the feed to end, or `ANY_EPOCH`. Empty: none. */
  let resetDue = '';
  let isGone = false;
  /** Each entry waits here until the previous entry is published. */
  let published: Promise<void> = Promise.resolve();

  const isListening = () => !isGone && !isDegraded;
  /** Entries are sealed for this location, so an entry of another epoch cannot be opened. */
  const locate = () => `${log} ${epoch}`;
  const endLease = () => {
    holder = link.membership.nextName();
    isLeading = false;
  };
  const lead = (isReset: boolean) => {
    memberLeads = true;
    member.lead(isReset);
  };
  /** This process has missed entries that are gone. It begins where later subscribers begin. */
  const rejoin = () => {
    epoch = '';
    onDue();
  };
  /** Ends the epoch at the next heartbeat. Does nothing if another process has ended the epoch already. */
  const reset = (ending: string) => {
    resetDue = ending;
    onDue();
  };

  const refresh = (view: FeedView, isReset: boolean) => {
    const [epochNow, leader, lastEntry, hasWhole, start, entries] = view;
    if (isReset) {
      resetDue = '';
      isDegraded = false;
    }
    if (!isListening()) return;
    const goesOn = String(epochNow) === epoch;
    if (!goesOn) {
      epoch = String(epochNow);
      last = start - 1;
      isLeading = false;
    }
    const isLeader = leader === 1;
    if (!isLeader) {
      endLease();
      if (memberLeads) member.follow();
      memberLeads = false;
    }
    // A process that is about to lead reads all entries first. None of them counts as the latest.
    const isAboutToLead = isLeader && !isLeading;
    for (const [id, [, sealed]] of entries ?? []) {
      const number = Number.parseInt(String(id), 10);
      const text = number === last + 1 ? account.encryption.open(sealed, locate()) : undefined;
      if (goesOn && number > last + 1) return rejoin();
      if (text === undefined) return reset(epoch);
      last = number;
      member.received(JSON.parse(text), number === lastEntry && !isAboutToLead);
      if (!isListening()) return;
    }
    if (last < lastEntry) {
      // More entries follow, or the log has lost them.
      if (entries?.length === 0) reset(epoch);
      else onDue();
    } else if (isAboutToLead) {
      isLeading = true;
      lead(hasWhole === 0);
    }
  };

  const publish = async (text: string, role: FeedEntryRole, publisher: string, itsEpoch: string) => {
    const isStillLeader = () => isLeading && !isGone && publisher === holder && itsEpoch === epoch;
    if (!isStillLeader()) return;
    const entry = account.encryption.seal(text, locate());
    try {
      const result = await link.run(PUBLISH_ENTRY, [feed, log, channel], [holder, epoch, role, entry]);
      // A heartbeat would take the lease again.
      if (isGone) return;
      onDue();
      if (result === PUBLISHED.tooMuch && isStillLeader()) lead(true);
    } catch {
      // Redis is lost: each member leads for itself, and begins with a whole entry.
    }
  };

  return {
    feed,
    /** Gives this feed's part of a heartbeat. Heartbeats never overlap, so no entry is read twice. */
    heartbeat() {
      const ending = resetDue;
      return {
        keys: [feed, log],
        args: [holder, link.membership.nextName(), ending, epoch, last],
        answered: (view: FeedView) => refresh(view, ending !== ''),
      };
    },
    publish(entry: object, role: FeedEntryRole) {
      if (isGone) return;
      if (isDegraded) member.received(entry, true);
      else if (isLeading) {
        const given = [JSON.stringify(entry), role, holder, epoch] as const;
        published = published.then(() => publish(...given));
      }
    },
    leave() {
      if (isGone) return;
      isGone = true;
      onGone();
      link.run(LEAVE_LEADER, [feed, channel], [holder]).catch(() => undefined);
    },
    /** Called when Redis is lost. */
    degrade() {
      if (isGone) return;
      endLease();
      if (isDegraded) return;
      isDegraded = true;
      lead(true);
    },
    /** Called when Redis is back. */
    recover() {
      if (isDegraded) reset(ANY_EPOCH);
    },
    /** Takes a message about the feed: the number of an entry, or `LEADER_CHANGED`. */
    receive(message: string) {
      if (isListening() && Number(message) !== last) onDue();
    },
  };
}
