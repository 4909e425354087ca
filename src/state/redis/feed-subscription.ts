import type { FeedEntryRole, FeedMember, FeedSubscription } from '../port.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** For how long a feed is kept at least, and how long from then on, after its last member has gone, in ms. */
const KEPT_MS = 60_000;
const KEEP_MS = 75_000;
/** The message that a feed has no leader, or another one. */
export const LEADER_CHANGED = 'leader';

export const KEEP_FEED = `
local function keep(key)
  if redis.call('PTTL', key) < ${KEPT_MS} then redis.call('PEXPIRE', key, ${KEEP_MS}) end
end
`;

/** Bounds what is read and dropped: the size of all parts since the last whole entry, in bytes. */
const MAX_PARTS_BYTES = 4 * 1024 * 1024;
/** The least that an entry counts, so that their number is bounded as well. */
const MIN_ENTRY_BYTES = 4 * 1024;

/**
 * KEYS: feed, log, channel. ARGV: holder, epoch, role, entry.
 * Gives 0 if another one is the leader, or the feed was reset; 1; or 2: the log had become too long, and has to be reset.
 */
const PUBLISH_ENTRY = lua`${KEEP_FEED}
local feed, log, role = KEYS[1], KEYS[2], ARGV[3]
local found = redis.call('HMGET', feed, 'epoch', 'leader', 'seq', 'whole', 'parts')
if found[1] ~= ARGV[2] or found[2] ~= ARGV[1] then return 0 end
local seq, result = found[3] + 1, 1
redis.call('XADD', log, string.format('%d-0', seq), 'entry', ARGV[4])
redis.call('HSET', feed, 'seq', seq)
if role == 'whole' then
  local from = found[4] or seq
  redis.call('HSET', feed, 'whole', seq, 'from', from, 'parts', 0)
  redis.call('XTRIM', log, 'MINID', string.format('%d-0', from))
else
  local parts = (found[5] or 0) + math.max(${MIN_ENTRY_BYTES}, #ARGV[4])
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
redis.call('PUBLISH', KEYS[3], feed .. ' ' .. seq)
return result`;

/**
 * KEYS: feed, log. ARGV: epoch, number of the last entry that was read in it, how many at most.
 * Gives the epoch (empty: there is no such feed), the number of the last entry, that of the first one to be read, and those
 * from there on that are left, each with its id. In another epoch it is read from where later subscribers begin.
 */
const READ_ENTRIES = lua`
local found = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'from')
if not found[1] then return { '', 0, 0, {} } end
local start = found[1] == ARGV[1] and ARGV[2] + 1 or tonumber(found[3] or 1)
local entries = redis.call('XRANGE', KEYS[2], string.format('%d-0', start), '+', 'COUNT', ARGV[3])
return { found[1], tonumber(found[2]), start, entries }`;

/** KEYS: feed, channel. ARGV: holder. The first process to hear of it is the next leader. */
const LEAVE_LEADER = lua`
if redis.call('HGET', KEYS[1], 'leader') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'leader')
redis.call('PUBLISH', KEYS[2], KEYS[1] .. ' ${LEADER_CHANGED}')
return 1`;

/** How many entries are read at once. */
const MAX_ENTRIES = 20;

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

/** The part of a subscription in a heartbeat of all. */
interface Heartbeat {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly answered: (view: FeedView) => void;
}

export type FeedView = readonly [epoch: Buffer, isLeader: number, lastEntry: number, hasWhole: number];

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
  /** The epoch in which it holds that lease. It leads once it has read all that was published. */
  #leaderEpoch: string | undefined;
  #isLeading = false;
  /** Whether the member was told to lead, and not to follow since. */
  #memberLeads = false;
  #hasWhole = false;
  #isDegraded = false;
  #isResetDue = false;
  #isGone = false;
  #isReading = false;
  #isUnread = false;
  /** Entries are published one after the other. */
  #published: Promise<void> = Promise.resolve();

  constructor(options: RedisFeedSubscriptionOptions) {
    const { account, link, name } = options;
    this.#options = options;
    this.#holder = link.membership.nextName();
    this.feed = account.key(`feed-${name}`);
    this.#log = account.key(`feed-${name}-log`);
  }

  heartbeat(): Heartbeat {
    const isReset = this.#isResetDue;
    return {
      keys: [this.feed, this.#log],
      args: [this.#holder, this.#options.link.membership.nextName(), isReset ? 1 : 0],
      answered: (view) => this.#refresh(view, isReset),
    };
  }

  publish(entry: object, role: FeedEntryRole): void {
    if (this.#isGone) return;
    if (this.#isDegraded) this.#options.member.received(entry, true);
    else if (this.#isLeading) {
      const text = JSON.stringify(entry);
      const [holder, epoch] = [this.#holder, this.#leaderEpoch ?? ''];
      this.#published = this.#published.then(() => this.#publish(text, role, holder, epoch));
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
    if (this.#isDegraded) this.#reset();
  }

  /** A message about the feed: the number of an entry, or that nobody leads. */
  receive(message: string): void {
    if (!this.#isListening) return;
    if (message === LEADER_CHANGED) this.#options.onDue(this);
    else if (Number(message) !== this.#last) void this.#read();
  }

  #refresh([epochName, isLeader, lastEntry, hasWhole]: FeedView, isReset: boolean): void {
    if (this.#isGone) return;
    if (isReset) {
      this.#isResetDue = false;
      this.#isDegraded = false;
    }
    if (this.#isDegraded) return;
    const epoch = String(epochName);
    if (isLeader === 1) this.#beginLease(epoch, hasWhole === 1);
    else if (this.#leaderEpoch !== undefined) {
      this.#endLease();
      if (this.#memberLeads) this.#options.member.follow();
      this.#memberLeads = false;
    }
    if (epoch === this.#epoch && lastEntry <= this.#last && !this.#isReading) this.#leadIfDue();
    else void this.#read();
  }

  #beginLease(epoch: string, hasWhole: boolean): void {
    if (this.#leaderEpoch === epoch) return;
    this.#leaderEpoch = epoch;
    this.#isLeading = false;
    this.#hasWhole = hasWhole;
  }

  #endLease(): void {
    this.#holder = this.#options.link.membership.nextName();
    this.#leaderEpoch = undefined;
    this.#isLeading = false;
  }

  #leadIfDue(): void {
    if (this.#isLeading || this.#leaderEpoch === undefined || this.#leaderEpoch !== this.#epoch) return;
    this.#isLeading = true;
    this.#lead(!this.#hasWhole);
  }

  #lead(isReset: boolean): void {
    this.#memberLeads = true;
    this.#options.member.lead(isReset);
  }

  #reset(): void {
    this.#isResetDue = true;
    this.#options.onDue(this);
  }

  async #publish(text: string, role: FeedEntryRole, holder: string, epoch: string): Promise<void> {
    const { link, account, channel, onDue } = this.#options;
    const isStillLeader = () =>
      this.#isLeading && !this.#isGone && holder === this.#holder && epoch === this.#leaderEpoch;
    if (!isStillLeader()) return;
    const entry = account.encryption.seal(text, this.#locationIn(epoch));
    try {
      const result = await link.run(
        PUBLISH_ENTRY,
        [this.feed, this.#log, channel],
        [holder, epoch, role, entry],
      );
      if (result === PUBLISHED.not) onDue(this);
      else void this.#read();
      if (result === PUBLISHED.tooMuch && isStillLeader()) this.#lead(true);
    } catch {
      // Redis is lost: what was not received is found out again.
    }
  }

  async #read(): Promise<void> {
    this.#isUnread = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isUnread && this.#isListening) {
        this.#isUnread = false;
        await this.#readOn();
      }
      this.#isReading = false;
      if (this.#isListening && !this.#isResetDue) this.#leadIfDue();
    } catch {
      // Redis is lost.
      this.#isReading = false;
    }
  }

  get #isListening(): boolean {
    return !this.#isGone && !this.#isDegraded;
  }

  /** An entry is sealed for this location: one of an earlier epoch means nothing in a later one. */
  #locationIn(epoch: string): string {
    return `${this.#log} ${epoch}`;
  }

  async #readOn(): Promise<void> {
    const { link } = this.#options;
    for (;;) {
      const args = [this.#epoch, this.#last, MAX_ENTRIES];
      const reply = await link.run(READ_ENTRIES, [this.feed, this.#log], args);
      const [epoch, lastEntry, start, entries] = reply as [Buffer, number, number, StoredEntry[]];
      if (!this.#isListening) return;
      if (String(epoch) !== this.#epoch) {
        this.#epoch = String(epoch);
        this.#last = start - 1;
        if (this.#leaderEpoch !== this.#epoch) this.#options.onDue(this);
      }
      if (this.#epoch === '') return;
      const before = this.#last;
      if (!this.#receive(entries, lastEntry)) return;
      if (this.#last >= lastEntry) return;
      if (this.#last === before) return this.#reset();
    }
  }

  /** False: it is over, or entries are missing or cannot be read. */
  #receive(entries: readonly StoredEntry[], lastEntry: number): boolean {
    const { account, member } = this.#options;
    for (const [id, [, sealed]] of entries) {
      const number = Number.parseInt(String(id), 10);
      const text =
        number === this.#last + 1
          ? account.encryption.open(sealed, this.#locationIn(this.#epoch))
          : undefined;
      if (text === undefined) {
        this.#reset();
        return false;
      }
      this.#last = number;
      // A process that is about to lead reads what has happened since.
      const isAboutToLead = this.#leaderEpoch !== undefined && !this.#isLeading;
      member.received(JSON.parse(text) as object, number === lastEntry && !isAboutToLead);
      if (!this.#isListening) return false;
    }
    return true;
  }
}

type StoredEntry = [id: Buffer, fields: [name: Buffer, entry: Buffer]];

const PUBLISHED = { not: 0, tooMuch: 2 };
