import type { FeedEntryRole, FeedMember } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** For how long a feed is kept at least, and how long from then on, after its last member has gone, in ms. */
const KEPT_MS = 60_000;
const KEEP_MS = 75_000;
/** The message that a feed has no leader, or another one. */
export const LEADER_CHANGED = 'leader';

/** Stands for every epoch of a feed: no name of one looks like it. */
export const ANY_EPOCH = '*';

export const KEEP_FEED = `
local function keep(key)
  if redis.call('PTTL', key) < ${KEPT_MS} then redis.call('PEXPIRE', key, ${KEEP_MS}) end
end
`;

/** Bounds what is read and dropped: the size of all parts since the last whole entry, in bytes. */
const MAX_PARTS_BYTES = 4 * 1024 * 1024;
/** The least that an entry counts, so that their number is bounded as well. */
const MIN_ENTRY_BYTES = 4 * 1024;

/** Gives 0 if another one is the leader, or the feed was reset; 1; or 2: the log had become too long, and has to be reset. */
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

/** The first process to hear of it is the next leader. */
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
  /** The subscription needs a heartbeat at once. */
  readonly onDue: () => void;
  readonly onGone: () => void;
}

/** `entries`: the first that were not read, or null where others have filled the answer. */
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
 * The subscription of a member to a feed that is kept in Redis. While Redis is lost the member leads for itself, and alone
 * receives what it publishes. Afterwards the feed is reset: nobody is taken back to what was before, as the next entry is
 * whole and newer than all that anybody has seen.
 */
export function subscribeToFeed(options: FeedSubscriptionOptions) {
  const { link, account, name, channel, member, onDue, onGone } = options;
  const feed = account.key(`feed-${name}`);
  const log = account.key(`feed-${name}-log`);
  /** The name in which it holds the leader's lease: another one each time. */
  let holder = link.membership.nextName();
  /** The epoch of the feed in which entries are read, and the last one that was. */
  let epoch = '';
  let last = 0;
  /** Whether it holds that lease, and has read all that was published before. */
  let isLeading = false;
  /** Whether the member was told to lead, and not to follow since. */
  let memberLeads = false;
  let isDegraded = false;
  /** The epoch of the feed that is to end, or any; empty: none. */
  let resetDue = '';
  let isGone = false;
  /** Entries are published one after the other. */
  let published: Promise<void> = Promise.resolve();

  const isListening = () => !isGone && !isDegraded;
  /** An entry is sealed for this location: one of an earlier epoch means nothing in a later one. */
  const locate = () => `${log} ${epoch}`;
  const endLease = () => {
    holder = link.membership.nextName();
    isLeading = false;
  };
  const lead = (isReset: boolean) => {
    memberLeads = true;
    member.lead(isReset);
  };
  /** It stood still for so long that entries are gone: it begins where later subscribers do. */
  const rejoin = () => {
    epoch = '';
    onDue();
  };
  /** The first who reads an entry that is broken ends its epoch; for the others there is nothing left to reset. */
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
    // A process that is about to lead reads what has happened since.
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
      // More follow, or they are missing.
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
      onDue();
      if (result === PUBLISHED.tooMuch && isStillLeader()) lead(true);
    } catch {
      // Redis is lost: what was not received is found out again.
    }
  };

  return {
    feed,
    /** Its part in a heartbeat of all. One follows the other, so that nothing is read twice. */
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
    /** Redis is lost. */
    degrade() {
      if (isGone) return;
      endLease();
      if (isDegraded) return;
      isDegraded = true;
      lead(true);
    },
    /** Redis is back. */
    recover() {
      if (isDegraded) reset(ANY_EPOCH);
    },
    /** A message about the feed: the number of an entry, or that nobody leads. */
    receive(message: string) {
      if (isListening() && Number(message) !== last) onDue();
    },
  };
}
