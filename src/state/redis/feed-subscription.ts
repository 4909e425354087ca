import type { FeedEntryRole, FeedMember, FeedSubscription } from '../port.ts';
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
redis.call('PUBLISH', channel, feed .. ' ' .. seq)
return result`;

/** The first process to hear of it is the next leader. */
const LEAVE_LEADER = lua('feed channel', 'holder')`
if redis.call('HGET', feed, 'leader') ~= holder then return 0 end
redis.call('HDEL', feed, 'leader')
redis.call('PUBLISH', channel, feed .. ' ${LEADER_CHANGED}')
return 1`;

interface RedisFeedSubscriptionOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The feed's name in the store. */
  readonly name: string;
  readonly channel: string;
  readonly member: FeedMember;
  /** The subscription needs a heartbeat at once. */
  readonly onDue: (subscription: RedisFeedSubscription) => void;
  readonly onGone: (subscription: RedisFeedSubscription) => void;
}

/** `entries`: the first that were not read, or null where others have filled the answer. */
export type FeedView = readonly [
  epoch: Buffer,
  isLeader: number,
  lastEntry: number,
  hasWhole: number,
  start: number,
  entries: readonly StoredEntry[] | null,
];

type StoredEntry = [id: Buffer, fields: [name: Buffer, entry: Buffer]];

const PUBLISHED = { tooMuch: 2 };

/**
 * The subscription of a member to a feed that is kept in Redis. While Redis is lost the member leads for itself, and alone
 * receives what it publishes. Afterwards the feed is reset: nobody is taken back to what was before, as the next entry is
 * whole and newer than all that anybody has seen.
 */
export class RedisFeedSubscription implements FeedSubscription {
  readonly feed: string;
  readonly #log: string;
  readonly #options: RedisFeedSubscriptionOptions;
  /** The name in which it holds the leader's lease: another one each time. */
  #holder: string;
  /** The epoch of the feed in which entries are read, and the last one that was. */
  #epoch = '';
  #last = 0;
  /** Whether it holds that lease, and has read all that was published before. */
  #isLeading = false;
  /** Whether the member was told to lead, and not to follow since. */
  #memberLeads = false;
  #isDegraded = false;
  /** The epoch of the feed that is to end, or any; empty: none. */
  #resetDue = '';
  #isGone = false;
  /** Entries are published one after the other. */
  #published: Promise<void> = Promise.resolve();

  constructor(options: RedisFeedSubscriptionOptions) {
    const { account, link, name } = options;
    this.#options = options;
    this.#holder = link.membership.nextName();
    this.feed = account.key(`feed-${name}`);
    this.#log = account.key(`feed-${name}-log`);
  }

  /** Its part in a heartbeat of all. One follows the other, so that nothing is read twice. */
  heartbeat() {
    const reset = this.#resetDue;
    const nextEpoch = this.#options.link.membership.nextName();
    return {
      keys: [this.feed, this.#log],
      args: [this.#holder, nextEpoch, reset, this.#epoch, this.#last],
      answered: (view: FeedView) => this.#refresh(view, reset !== ''),
    };
  }

  publish(entry: object, role: FeedEntryRole): void {
    if (this.#isGone) return;
    if (this.#isDegraded) this.#options.member.received(entry, true);
    else if (this.#isLeading) {
      const published = [JSON.stringify(entry), role, this.#holder, this.#epoch] as const;
      this.#published = this.#published.then(() => this.#publish(...published));
    }
  }

  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const { link, channel, onGone } = this.#options;
    onGone(this);
    link.run(LEAVE_LEADER, [this.feed, channel], [this.#holder]).catch(() => undefined);
  }

  /** Redis is lost. */
  degrade(): void {
    if (this.#isGone) return;
    this.#endLease();
    if (this.#isDegraded) return;
    this.#isDegraded = true;
    this.#lead(true);
  }

  /** Redis is back. */
  recover(): void {
    if (this.#isDegraded) this.#reset(ANY_EPOCH);
  }

  /** A message about the feed: the number of an entry, or that nobody leads. */
  receive(message: string): void {
    if (this.#isListening && Number(message) !== this.#last) this.#options.onDue(this);
  }

  get #isListening(): boolean {
    return !this.#isGone && !this.#isDegraded;
  }

  #refresh([epoch, leader, lastEntry, hasWhole, start, entries]: FeedView, isReset: boolean): void {
    const { account, member } = this.#options;
    if (isReset) {
      this.#resetDue = '';
      this.#isDegraded = false;
    }
    if (!this.#isListening) return;
    if (String(epoch) !== this.#epoch) {
      this.#epoch = String(epoch);
      this.#last = start - 1;
      this.#isLeading = false;
    }
    const isLeader = leader === 1;
    if (!isLeader) {
      this.#endLease();
      if (this.#memberLeads) member.follow();
      this.#memberLeads = false;
    }
    // A process that is about to lead reads what has happened since.
    const isAboutToLead = isLeader && !this.#isLeading;
    for (const [id, [, sealed]] of entries ?? []) {
      const number = Number.parseInt(String(id), 10);
      const isNext = number === this.#last + 1;
      const text = isNext ? account.encryption.open(sealed, this.#location) : undefined;
      if (text === undefined) return void this.#reset(this.#epoch);
      this.#last = number;
      member.received(JSON.parse(text), number === lastEntry && !isAboutToLead);
      if (!this.#isListening) return;
    }
    if (this.#last < lastEntry) {
      // More follow, or they are missing.
      if (entries?.length === 0) this.#reset(this.#epoch);
      else this.#options.onDue(this);
    } else if (isAboutToLead) {
      this.#isLeading = true;
      this.#lead(hasWhole === 0);
    }
  }

  #endLease(): void {
    this.#holder = this.#options.link.membership.nextName();
    this.#isLeading = false;
  }

  #lead(isReset: boolean): void {
    this.#memberLeads = true;
    this.#options.member.lead(isReset);
  }

  /** The first who reads an entry that is broken ends its epoch; for the others there is nothing left to reset. */
  #reset(epoch: string): void {
    this.#resetDue = epoch;
    this.#options.onDue(this);
  }

  async #publish(text: string, role: FeedEntryRole, holder: string, epoch: string): Promise<void> {
    const { link, account, channel, onDue } = this.#options;
    const isStillLeader = () =>
      this.#isLeading && !this.#isGone && holder === this.#holder && epoch === this.#epoch;
    if (!isStillLeader()) return;
    const entry = account.encryption.seal(text, this.#location);
    try {
      const keys = [this.feed, this.#log, channel];
      const result = await link.run(PUBLISH_ENTRY, keys, [holder, epoch, role, entry]);
      onDue(this);
      if (result === PUBLISHED.tooMuch && isStillLeader()) this.#lead(true);
    } catch {
      // Redis is lost: what was not received is found out again.
    }
  }

  /** An entry is sealed for this location: one of an earlier epoch means nothing in a later one. */
  get #location(): string {
    return `${this.#log} ${this.#epoch}`;
  }
}
