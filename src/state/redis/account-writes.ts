import type { Generation } from '../port.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Stands for every resource of an account: no name of one looks like it. */
export const EVERY_RESOURCE = '*';

/**
 * Finds what was written since the account had this name and so many writes. Gives 0: nothing, or 1; how many permits are used; the
 * pause in ms; and what is new: the name, the number of writes, the number up to which they are forgotten, the last write to each resource,
 * and each write that may be carried out yet with its time in ms.
 */
const READ_WRITES = lua('account writes doubts held sent pace', 'epoch name count')`
local found = redis.call('HMGET', account, 'epoch', 'name', 'writes', 'forgotten')
if found[1] ~= epoch then return { -1 } end
local used = redis.call('ZCARD', held) + redis.call('ZCOUNT', sent, now, '+inf')
local paused = math.max(0, (tonumber(redis.call('HGET', pace, 'pausedUntil') or 0) or 0) - now)
local is_known = found[2] == name
if is_known and found[3] == count then return { 0, used, paused } end
local written = redis.call('ZRANGEBYSCORE', writes, is_known and '(' .. count or '-inf', '+inf', 'WITHSCORES')
local left = redis.call('HGETALL', doubts)
for index = 2, #left, 2 do left[index] = left[index] - now end
return { 1, used, paused, found[2], found[3], found[4], written, left }`;

/** The writes of an account, as the store had them when it was last asked: after a partition, others begin with nothing. */
export class AccountWrites {
  /** The last partition before. */
  readonly partition: number;
  readonly #link: RedisLink;
  readonly #account: AccountKeyspace;
  readonly #keys: readonly string[];
  #name = '';
  #count = '';
  #forgotten = 0;
  #last = new Map<string, number>();
  #doubtUntil = new Map<string, number>();
  /** The question that leaves with the end of this turn of the event loop. */
  #asking: Promise<boolean> | undefined;

  constructor(account: AccountKeyspace, link: RedisLink) {
    this.#account = account;
    this.#keys = ['account', 'writes', 'doubts', 'held', 'sent', 'pace'].map((kind) => account.key(kind));
    this.#link = link;
    this.partition = link.lastPartition;
  }

  /** Asks the store what was written since: one command for all that ask in one turn. False: it is lost. */
  refresh(): Promise<boolean> {
    this.#asking ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#asking = undefined;
        this.#ask().then(resolve, () => resolve(false));
      }),
    );
    return this.#asking;
  }

  read(resource: string): Generation {
    // To name a resource costs more than all else here, and most accounts write seldom.
    if (this.#last.size === 0 && this.#doubtUntil.size === 0)
      return { number: `${this.#name}.${this.#forgotten}`, isInDoubt: false, partition: 0 };
    const name = this.#account.encryption.name(resource);
    const number = Math.max(this.#last.get(name) ?? 0, this.#forgotten);
    const doubtUntil = Math.max(this.#doubtUntil.get(name) ?? 0, this.#doubtUntil.get(EVERY_RESOURCE) ?? 0);
    return { number: `${this.#name}.${number}`, isInDoubt: doubtUntil > this.#link.now(), partition: 0 };
  }

  async #ask(): Promise<true> {
    const account = this.#account;
    const reply = await account.run(READ_WRITES, this.#keys, [this.#name, this.#count]);
    const [isNews, used, pausedMs, ...news] = reply as [number, number, number, ...unknown[]];
    account.quota.note(this.#link.now(), used, pausedMs);
    if (isNews !== 0) this.#learn(news as News);
    return true;
  }

  #learn([name, count, forgotten, written, doubts]: News): void {
    if (String(name) !== this.#name) {
      this.#count = '';
      this.#last = new Map();
    }
    this.#name = String(name);
    // The later one of two answers under way knows more.
    if (Number(count) < Number(this.#count)) return;
    this.#count = String(count);
    this.#forgotten = Number(forgotten);
    for (const [resource, number] of pairs(written)) this.#last.set(resource, Number(number));
    this.#doubtUntil = new Map();
    const now = this.#link.now();
    for (const [write, leftMs] of pairs(doubts)) {
      const [resource = ''] = write.split(' ');
      const until = now + Number(leftMs);
      this.#doubtUntil.set(resource, Math.max(until, this.#doubtUntil.get(resource) ?? 0));
    }
    // A write that the store has forgotten is as old as the oldest that it remembers.
    if (this.#last.size > MAX_REMEMBERED) {
      for (const [resource, number] of this.#last) {
        if (number <= this.#forgotten) this.#last.delete(resource);
      }
    }
  }
}

const MAX_REMEMBERED = 20_000;

type News = [
  name: Buffer,
  count: Buffer,
  forgotten: Buffer,
  written: readonly unknown[],
  doubts: readonly unknown[],
];

function* pairs(flat: readonly unknown[]): Generator<[string, unknown]> {
  for (let index = 0; index < flat.length; index += 2) yield [String(flat[index]), flat[index + 1]];
}
