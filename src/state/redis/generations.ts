import { LRUCache } from 'lru-cache';
import type { Generation, Generations, Snapshot, Write } from '../port.ts';
import { AccountWrites, EVERY_RESOURCE } from './account-writes.ts';
import { lua } from './client.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

const MAX_REMEMBERED = 10_000;

/**
 * KEYS: account, writes, doubts. ARGV: epoch, the write, for how many ms it may be carried out yet (0: it is over), for how
 * many all this is remembered, then the resources; "*" stands for every resource of the account.
 */
const NOTE_WRITE = lua`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return { -1 } end
local number = redis.call('HINCRBY', KEYS[1], 'writes', 1)
local doubt, keep = tonumber(ARGV[3]), tonumber(ARGV[4])
local doubts = redis.call('HGETALL', KEYS[3])
for index = 1, #doubts, 2 do
  if tonumber(doubts[index + 1]) <= now then redis.call('HDEL', KEYS[3], doubts[index]) end
end
if ARGV[5] == '*' then
  redis.call('HSET', KEYS[1], 'forgotten', number)
  redis.call('DEL', KEYS[2])
end
for index = 5, #ARGV do
  redis.call('ZADD', KEYS[2], number, ARGV[index])
  local field = ARGV[index] .. ' ' .. ARGV[2]
  if doubt > 0 then redis.call('HSET', KEYS[3], field, now + math.ceil(doubt)) else redis.call('HDEL', KEYS[3], field) end
end
local over = redis.call('ZCARD', KEYS[2]) - ${MAX_REMEMBERED}
if over > 0 then
  redis.call('HSET', KEYS[1], 'forgotten', redis.call('ZRANGE', KEYS[2], over - 1, over - 1, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, over - 1)
end
for index = 1, 3 do raise(KEYS[index], keep) end
return { number }`;

const MAX_ACCOUNTS = 1_000;

/** Writes are counted in the store, before they are sent and again when they have ended. */
export class RedisGenerations implements Generations {
  readonly #link: RedisLink;
  readonly #accounts: AccountKeyspaces;
  readonly #writes = new LRUCache<AccountKeyspace, AccountWrites>({ max: MAX_ACCOUNTS });
  readonly #unpublished: UnpublishedWrites;

  constructor(link: RedisLink, accounts: AccountKeyspaces) {
    this.#link = link;
    this.#accounts = accounts;
    this.#unpublished = new UnpublishedWrites({
      publish: (write) => this.#note(write),
      forgetAll: () => link.membership.beginEpoch(),
    });
    link.onBack(() => this.#unpublished.publishAll());
  }

  snapshot(name: string): Snapshot {
    const account = this.#accounts.of(name);
    return new RedisSnapshot(this, this.#link, account, this.#writesOf(account));
  }

  /** False: the store is lost. */
  async publish(write: AccountWrite): Promise<boolean> {
    if (this.#link.isDegraded) return false;
    return this.#note(write).then(
      () => true,
      () => false,
    );
  }

  /** Publishes it once the store is back. */
  publishLater(write: AccountWrite): void {
    this.#unpublished.add(write);
  }

  #writesOf(account: AccountKeyspace): AccountWrites {
    let writes = this.#writes.get(account);
    if (!writes) {
      writes = new AccountWrites(account, this.#link);
      this.#writes.set(account, writes);
    }
    return writes;
  }

  #note({ account, id, resources, doubtUntil }: AccountWrite): Promise<unknown> {
    const doubtMs = Math.max(0, doubtUntil - this.#link.now());
    const keys = ['account', 'writes', 'doubts'].map((kind) => account.key(kind));
    return account.run(NOTE_WRITE, keys, [id, doubtMs, account.keepMs + doubtMs, ...resources]);
  }
}

class RedisSnapshot implements Snapshot {
  readonly #generations: RedisGenerations;
  readonly #link: RedisLink;
  readonly #account: AccountKeyspace;
  readonly #writes: AccountWrites;
  /** How often the writes had been reset when the store was asked for them; 0: it was not. */
  #resets = 0;

  constructor(
    generations: RedisGenerations,
    link: RedisLink,
    account: AccountKeyspace,
    writes: AccountWrites,
  ) {
    this.#generations = generations;
    this.#link = link;
    this.#account = account;
    this.#writes = writes;
  }

  read(resource: string): Generation | Promise<Generation> {
    if (this.#link.isDegraded) return this.#writes.read(resource, this.#link.partition);
    if (this.#resets === this.#writes.resets) return this.#writes.read(resource, 0);
    return this.#writes.refresh().then((isKnown) => {
      if (!isKnown) return this.#writes.read(resource, this.#link.partition || this.#link.lastPartition);
      this.#resets = this.#writes.resets;
      return this.#writes.read(resource, 0);
    });
  }

  async write(resources: readonly string[], doubtMs: number): Promise<Write> {
    const link = this.#link;
    if (resources.length === 0) {
      return {
        end() {},
        get isLost() {
          return link.isDegraded;
        },
      };
    }
    const id = link.membership.nextName();
    const names = resources.map((resource) => this.#account.encryption.name(resource));
    let isLost = (await this.#publish(id, names, doubtMs)) !== undefined;
    return {
      end: async (outcome, stillMs) => {
        // Later reads of the operation show what the write has done.
        this.#resets = 0;
        const unpublished = await this.#publish(id, names, outcome === 'unknown' ? stillMs : 0);
        if (!unpublished) return;
        isLost = true;
        this.#generations.publishLater(unpublished);
      },
      get isLost() {
        return isLost;
      },
    };
  }

  /** Gives the write if the store is lost: then it stands in this process alone. */
  async #publish(
    id: string,
    resources: readonly string[],
    doubtMs: number,
  ): Promise<AccountWrite | undefined> {
    const write = { account: this.#account, id, resources, doubtUntil: this.#link.now() + doubtMs };
    if (await this.#generations.publish(write)) return undefined;
    this.#writes.note(resources, doubtMs);
    return write;
  }
}

/** A write to resources of an account, which the store knows by names. */
interface AccountWrite {
  readonly account: AccountKeyspace;
  readonly id: string;
  readonly resources: readonly string[];
  /** Until when it may be carried out yet, on the clock. */
  readonly doubtUntil: number;
}

interface UnpublishedOptions {
  /** @throws when the store is lost again. */
  readonly publish: (write: AccountWrite) => Promise<unknown>;
  /** Makes all that the store knows count for nothing. @throws when it is lost again. */
  readonly forgetAll: () => Promise<unknown>;
}

const MAX_UNPUBLISHED = 4_000;

/**
 * The writes that are to be published once the store is back, the oldest first. Where there are too many it is remembered
 * that anything of their account may have been written to; with too many accounts, that anything at all may.
 */
class UnpublishedWrites {
  readonly #options: UnpublishedOptions;
  readonly #writes = new Set<AccountWrite>();
  readonly #accounts = new Map<AccountKeyspace, AccountWrite>();
  #isAnything = false;

  constructor(options: UnpublishedOptions) {
    this.#options = options;
  }

  add(write: AccountWrite): void {
    this.#writes.add(write);
    const [oldest] = this.#writes;
    if (this.#writes.size <= MAX_UNPUBLISHED || !oldest) return;
    this.#writes.delete(oldest);
    this.#forget(oldest);
  }

  async publishAll(): Promise<void> {
    const { publish, forgetAll } = this.#options;
    if (this.#isAnything) {
      await forgetAll();
      this.#isAnything = false;
    }
    for (const [account, write] of this.#accounts) {
      await publish(write);
      if (this.#accounts.get(account) === write) this.#accounts.delete(account);
    }
    for (const write of this.#writes) {
      await publish(write);
      this.#writes.delete(write);
    }
  }

  #forget({ account, id, doubtUntil }: AccountWrite): void {
    const known = this.#accounts.get(account);
    if (!known && this.#accounts.size >= MAX_ACCOUNTS) {
      this.#isAnything = true;
      return;
    }
    const until = Math.max(doubtUntil, known?.doubtUntil ?? 0);
    this.#accounts.set(account, { account, id, resources: [EVERY_RESOURCE], doubtUntil: until });
  }
}
