import type { FeedMember, FeedSeat, Feeds } from '../port.ts';
import { TELL, TEND_FEEDS } from './lua/feed-scripts.ts';
import { NoticeLine } from './notice-line.ts';
import { FEED_LEASE_MS, RedisFeedSeat } from './redis-feed-seat.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount, StoreAccounts } from './store-account.ts';

/** How often it is looked who leads and what is unread, in ms. With the lease, that is how long nobody leads at most. */
const TEND_EVERY_MS = 800;
/** So that one command does not keep Redis from others. */
const MAX_TENDED = 50;

interface Group {
  readonly account: StoreAccount;
  readonly seats: Set<RedisFeedSeat>;
  readonly channel: string;
  readonly told: (notice: Buffer) => void;
}

interface Told {
  readonly from: string;
  readonly message: object;
}

/**
 * Feeds that all processes share. What is published goes into a stream, in the same step that checks who leads, and a notice
 * tells the others to read on; who misses a notice sees so when it next looks after its seats, all of an account together.
 */
export class RedisFeeds implements Feeds {
  readonly #link: RedisLink;
  readonly #accounts: StoreAccounts;
  readonly #line: NoticeLine;
  readonly #groups = new Map<string, Group>();
  readonly #due = new Map<Group, Set<RedisFeedSeat>>();
  readonly #listeners: Parameters<Feeds['listen']>[0][] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #isTendingSoon = false;

  constructor(link: RedisLink, accounts: StoreAccounts, url: string) {
    this.#link = link;
    this.#accounts = accounts;
    this.#line = new NoticeLine({ url, onOpen: () => this.#tendAll() });
    link.whenChanged(() => this.#changed());
  }

  join(accountName: string, name: string, member: FeedMember): FeedSeat {
    const group = this.#groupOf(accountName);
    const { account, seats } = group;
    this.#count += 1;
    const noticed = (notice: Buffer) => seat.noticed(String(notice));
    const seat = new RedisFeedSeat(`${this.#link.instance}.${this.#count}`, {
      link: this.#link,
      account,
      name: account.vault.name(name),
      member,
      onDue: (one) => this.#tendSoon(group, one),
      onGone: (one) => {
        seats.delete(one);
        this.#due.get(group)?.delete(one);
        this.#line.remove(one.feed, noticed);
        if (seats.size === 0) this.#forget(accountName, group);
      },
    });
    seats.add(seat);
    this.#line.add(seat.feed, noticed);
    this.#timer ??= setInterval(() => this.#tendAll(), TEND_EVERY_MS).unref();
    // Not before whoever joins has its seat.
    this.#tendSoon(group, seat);
    return seat;
  }

  tell(accountName: string, message: object): void {
    this.#tellHere(accountName, message);
    const account = this.#accounts.of(accountName);
    const channel = account.key('feeds');
    const told: Told = { from: this.#link.instance, message };
    const sealed = account.vault.seal(JSON.stringify(told), channel);
    this.#link.run(TELL, [channel], [sealed]).catch(() => undefined);
  }

  listen(told: (account: string, message: object) => void): void {
    this.#listeners.push(told);
  }

  close(): void {
    for (const { seats } of this.#groups.values()) for (const seat of seats) seat.leave();
    this.#line.close();
  }

  #groupOf(name: string): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const account = this.#accounts.of(name);
    const channel = account.key('feeds');
    const told = (notice: Buffer) => {
      const text = account.vault.open(notice, channel);
      const { from, message } = (text === undefined ? {} : JSON.parse(text)) as Partial<Told>;
      if (message !== undefined && from !== this.#link.instance) this.#tellHere(name, message);
    };
    const group = { account, seats: new Set<RedisFeedSeat>(), channel, told };
    this.#groups.set(name, group);
    this.#line.add(channel, told);
    return group;
  }

  #forget(name: string, { channel, told }: Group): void {
    this.#groups.delete(name);
    this.#line.remove(channel, told);
    if (this.#groups.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tellHere(account: string, message: object): void {
    for (const told of this.#listeners) told(account, message);
  }

  /** Redis is lost, or back. */
  #changed(): void {
    this.#link.whenChanged(() => this.#changed());
    const isLost = this.#link.loss > 0;
    if (!isLost) this.#line.reopen();
    for (const { seats } of this.#groups.values()) {
      for (const seat of seats) {
        if (isLost) seat.goAlone();
        else seat.comeBack();
      }
    }
  }

  #tendSoon(group: Group, seat: RedisFeedSeat): void {
    const due = this.#due.get(group) ?? new Set();
    this.#due.set(group, due.add(seat));
    if (this.#isTendingSoon) return;
    this.#isTendingSoon = true;
    setImmediate(() => {
      this.#isTendingSoon = false;
      const all = [...this.#due.values()];
      this.#due.clear();
      for (const seats of all) this.#tend(seats);
    });
  }

  #tendAll(): void {
    for (const { seats } of this.#groups.values()) this.#tend(seats);
  }

  /** Seats of one account. */
  #tend(seats: ReadonlySet<RedisFeedSeat>): void {
    if (this.#link.loss > 0) {
      for (const seat of seats) seat.goAlone();
      return;
    }
    const all = [...seats];
    for (let from = 0; from < all.length; from += MAX_TENDED)
      this.#tendTogether(all.slice(from, from + MAX_TENDED)).catch(() => undefined);
  }

  /** @throws when Redis is lost: then each goes alone. */
  async #tendTogether(seats: readonly RedisFeedSeat[]): Promise<void> {
    const asked = seats.map((seat) => {
      this.#count += 1;
      return { seat, isAnew: seat.beginsAnew, life: `${this.#link.instance}.${this.#count}` };
    });
    const views = (await this.#link.run(
      TEND_FEEDS,
      seats.flatMap(({ feed, log }) => [feed, log]),
      [FEED_LEASE_MS, ...asked.flatMap(({ seat, isAnew, life }) => [seat.lead, life, isAnew ? 1 : 0])],
    )) as [life: Buffer, isLed: number, lastEntry: number, hasWhole: number][];
    for (const [index, { seat, isAnew }] of asked.entries()) {
      const [life, isLed, lastEntry, hasWhole] = views[index] as (typeof views)[number];
      const view = { life: String(life), isLed: isLed === 1, lastEntry, hasWhole: hasWhole === 1, isAnew };
      seat.tended(view);
    }
  }
}
