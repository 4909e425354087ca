import type { FeedEntryRole, FeedMember, FeedSeat } from '../port.ts';
import { LEAVE_LEAD, PUBLISH_ENTRY, READ_ENTRIES } from './lua/feed-scripts.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount } from './store-account.ts';

/** For how long a process leads that does not say so again, in ms. */
export const FEED_LEASE_MS = 2_200;
/** How many entries are read at once. */
const MAX_ENTRIES = 20;

export interface RedisFeedSeatOptions {
  readonly link: RedisLink;
  readonly account: StoreAccount;
  /** The feed's name in the store. */
  readonly name: string;
  readonly member: FeedMember;
  /** The seat wants to be tended at once. */
  readonly onDue: (seat: RedisFeedSeat) => void;
  readonly onGone: (seat: RedisFeedSeat) => void;
}

/** What tending has found. */
export interface FeedView {
  readonly life: string;
  readonly isLed: boolean;
  readonly lastEntry: number;
  readonly hasWhole: boolean;
  /** Whether tending has begun the feed anew for this seat. */
  readonly isAnew: boolean;
}

interface Publication {
  readonly text: string;
  readonly role: FeedEntryRole;
}

/**
 * A member's place in a feed that is kept in Redis. While Redis is lost it leads alone, and what it publishes it alone
 * receives. Afterwards it begins the feed anew: nobody is taken back to what was before, as the next entry is whole and newer
 * than all that anybody has seen.
 */
export class RedisFeedSeat implements FeedSeat {
  readonly feed: string;
  readonly log: string;
  readonly #options: RedisFeedSeatOptions;
  readonly #id: string;
  #leads = 0;
  /** The life of the feed in which entries are read, and the last one that was. */
  #life = '';
  #last = 0;
  /** The life in which this one is to lead: it does once it has read all that was published. */
  #ledLife: string | undefined;
  #isLeading = false;
  /** Whether the member was told to lead, and not to rest since. */
  #isFindingOut = false;
  #hasWhole = false;
  #isAlone = false;
  #beginsAnew = false;
  #isGone = false;
  #isReading = false;
  #isUnread = false;
  #unpublished: Publication[] = [];
  #isPublishing = false;

  constructor(id: string, options: RedisFeedSeatOptions) {
    const { account, name } = options;
    this.#options = options;
    this.#id = id;
    this.feed = account.key(`feed-${name}`);
    this.log = account.key(`feed-${name}-log`);
  }

  /** Names this lead, and none before. */
  get lead(): string {
    return `${this.#id}.${this.#leads}`;
  }

  /** Whether tending is to begin the feed anew. */
  get beginsAnew(): boolean {
    return this.#beginsAnew;
  }

  publish(entry: object, role: FeedEntryRole): void {
    if (this.#isGone) return;
    if (this.#isAlone) {
      this.#options.member.received(entry, true);
    } else if (this.#isLeading) {
      this.#unpublished.push({ text: JSON.stringify(entry), role });
      void this.#publishAll();
    }
  }

  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#unpublished = [];
    this.#options.onGone(this);
    this.#options.link.run(LEAVE_LEAD, [this.feed], [this.lead]).catch(() => undefined);
  }

  /** Redis is lost. */
  goAlone(): void {
    if (this.#isAlone || this.#isGone) return;
    this.#isAlone = true;
    this.#endLead();
    this.#tellLead(true);
  }

  /** Redis is back. */
  comeBack(): void {
    if (this.#isAlone) this.#beginAnew();
  }

  /** What the feed's channel has told. */
  noticed(notice: string): void {
    if (this.#isAlone || this.#isGone) return;
    if (notice === 'lead') this.#options.onDue(this);
    else if (Number(notice) !== this.#last) void this.#read();
  }

  tended({ life, isLed, lastEntry, hasWhole, isAnew }: FeedView): void {
    if (this.#isGone) return;
    if (isAnew) {
      this.#beginsAnew = false;
      this.#isAlone = false;
    }
    if (this.#isAlone) return;
    if (isLed) this.#beginLead(life, hasWhole);
    else if (this.#ledLife !== undefined) {
      this.#endLead();
      if (this.#isFindingOut) this.#options.member.rest();
      this.#isFindingOut = false;
    }
    if (life === this.#life && lastEntry <= this.#last && !this.#isReading) this.#leadIfDue();
    else void this.#read();
  }

  #beginLead(life: string, hasWhole: boolean): void {
    if (this.#ledLife === life) return;
    this.#ledLife = life;
    this.#isLeading = false;
    this.#hasWhole = hasWhole;
    this.#unpublished = [];
  }

  #endLead(): void {
    this.#leads += 1;
    this.#ledLife = undefined;
    this.#isLeading = false;
    this.#unpublished = [];
  }

  #leadIfDue(): void {
    if (this.#isLeading || this.#ledLife === undefined || this.#ledLife !== this.#life) return;
    this.#isLeading = true;
    this.#tellLead(!this.#hasWhole);
  }

  #tellLead(isAnew: boolean): void {
    this.#isFindingOut = true;
    this.#options.member.lead(isAnew);
  }

  #beginAnew(): void {
    this.#beginsAnew = true;
    this.#options.onDue(this);
  }

  async #publishAll(): Promise<void> {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    const { link, account, onDue } = this.#options;
    try {
      for (let next = this.#unpublished.shift(); next; next = this.#unpublished.shift()) {
        const { lead } = this;
        const entry = account.vault.seal(next.text, this.log);
        const args = [lead, this.#ledLife ?? '', FEED_LEASE_MS, next.role, entry];
        const result = await link.run(PUBLISH_ENTRY, [this.feed, this.log], args);
        if (result === PUBLISHED.not) onDue(this);
        else void this.#read();
        if (result === PUBLISHED.tooMuch && lead === this.lead && this.#isLeading) this.#tellLead(true);
      }
    } catch {
      // Redis is lost: what was not received is found out again.
    }
    this.#isPublishing = false;
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
      if (this.#isListening && !this.#beginsAnew) this.#leadIfDue();
    } catch {
      // Redis is lost.
      this.#isReading = false;
    }
  }

  get #isListening(): boolean {
    return !this.#isGone && !this.#isAlone;
  }

  async #readOn(): Promise<void> {
    const { link } = this.#options;
    for (;;) {
      const args = [this.#life, this.#last, MAX_ENTRIES];
      const reply = await link.run(READ_ENTRIES, [this.feed, this.log], args);
      const [life, lastEntry, start, entries] = reply as [Buffer, number, number, StoredEntry[]];
      if (!this.#isListening) return;
      if (String(life) !== this.#life) {
        this.#life = String(life);
        this.#last = start - 1;
        if (this.#ledLife !== this.#life) this.#options.onDue(this);
      }
      if (this.#life === '') return;
      const before = this.#last;
      if (!this.#receive(entries, lastEntry)) return;
      if (this.#last >= lastEntry) return;
      if (this.#last === before) return this.#beginAnew();
    }
  }

  /** False: it is over, or entries are missing or cannot be read. */
  #receive(entries: readonly StoredEntry[], lastEntry: number): boolean {
    const { account, member } = this.#options;
    for (const [id, [, sealed]] of entries) {
      const number = Number.parseInt(String(id), 10);
      const text = number === this.#last + 1 ? account.vault.open(sealed, this.log) : undefined;
      if (text === undefined) {
        this.#beginAnew();
        return false;
      }
      this.#last = number;
      // Who is about to lead finds out what has happened since.
      const isToLead = this.#ledLife !== undefined && !this.#isLeading;
      member.received(JSON.parse(text) as object, number === lastEntry && !isToLead);
      if (!this.#isListening) return false;
    }
    return true;
  }
}

type StoredEntry = [id: Buffer, fields: [name: Buffer, entry: Buffer]];

const PUBLISHED = { not: 0, tooMuch: 2 };
