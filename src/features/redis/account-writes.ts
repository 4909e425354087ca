import { endOfTurn } from '../../base/clock.ts';
import type { Generation } from '../../state/port.ts';
import { luaInStore } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Stands for all resources of an account. No resource has a name like this. */
export const EVERY_RESOURCE = '*';
const MAX_REMEMBERED = 10_000;

/**
 * Counts a write to the resources at the end of the arguments: gives it a number that is higher than all earlier numbers, which
 * the store remembers for `keep` ms at least. If the store remembers too many writes, this one counts as a write to all resources.
 */
export const NOTE_WRITE = luaInStore('writes', 'keep#')`
local number = math.max((redis.call('ZRANGE', writes, -1, -1, 'WITHSCORES')[2] or 0) + 1, now)
if redis.call('ZCARD', writes) > ${MAX_REMEMBERED} then
  redis.call('DEL', writes)
  redis.call('ZADD', writes, number, '${EVERY_RESOURCE}')
end
for index = list, #ARGV do redis.call('ZADD', writes, number, ARGV[index]) end
redis.call('PEXPIRE', writes, math.max(redis.call('PTTL', writes), keep))
return { 1, now }`;

/**
 * Reads the writes of an account since the number `count`. Replies the number of the last write. If that is another one, each
 * resource follows with its last write. This is a script because the values must be from one moment, and each operation waits for
 * them.
 */
export const READ_WRITES = luaInStore('writes', 'count')`
local last = redis.call('ZRANGE', writes, -1, -1, 'WITHSCORES')[2] or '0'
if last == count then return { 1, now, last } end
local since = tonumber(last) > tonumber(count) and '(' .. count or '-inf'
return { 1, now, last, redis.call('ZRANGEBYSCORE', writes, since, '+inf', 'WITHSCORES') }`;

/** The writes of an account, as the store last reported them. After a reset of the link, a new instance begins empty. */
export class AccountWrites {
  readonly #account: AccountKeyspace;
  readonly #link: RedisLink;
  /** The store that the counts are of. */
  #store: string;
  #count = '0';
  readonly #last = new Map<string, number>();
  /** The read of the store that was not sent yet. */
  #asking: Promise<boolean> | undefined;

  constructor(account: AccountKeyspace, link: RedisLink) {
    this.#account = account;
    this.#link = link;
    this.#store = link.id;
  }

  /** Reads new writes from the store. Callers of the same turn share a command. Gives false if this fails. */
  refresh(): Promise<boolean> {
    this.#asking ??= endOfTurn(this.#link.clock).then(() => {
      // A read that starts after a write was answered must not join a command that Redis may have run before.
      this.#asking = undefined;
      return hasWorked(this.#ask());
    });
    return this.#asking;
  }

  read(resource: string): Generation {
    // Hashing a resource's name costs more than the rest, and most accounts rarely write.
    if (this.#last.size === 0) return { number: `${this.#store}.0`, isLost: false };
    const named = this.#account.encryption.name(resource);
    const number = Math.max(this.#last.get(named) ?? 0, this.#last.get(EVERY_RESOURCE) ?? 0);
    return { number: `${this.#store}.${number}`, isLost: false };
  }

  async #ask(): Promise<void> {
    const reply = await this.#account.run(READ_WRITES, ['writes'], [this.#count]);
    const [newCount, written] = reply as [Buffer, (readonly Buffer[])?];
    this.#store = this.#link.id;
    if (written) this.#learn(String(newCount), written);
  }

  #learn(newCount: string, written: readonly Buffer[]): void {
    // A lower number: the store has dropped its writes, because no cache entry needs them any more.
    if (Number(newCount) < Number(this.#count)) this.#last.clear();
    this.#count = newCount;
    for (const [resource, number] of pairs(written)) {
      // The writes come in the order of their numbers, and a write to every resource covers all before it.
      if (resource === EVERY_RESOURCE) this.#last.clear();
      this.#last.set(resource, number);
    }
  }
}

/** Gives false if a command fails, because Redis is lost. */
export function hasWorked(command: Promise<unknown>): Promise<boolean> {
  return command.then(
    () => true,
    () => false,
  );
}

/** The members of a sorted set with their scores. */
function* pairs(flat: readonly Buffer[]): Generator<[string, number]> {
  for (let index = 0; index < flat.length; index += 2) yield [String(flat[index]), Number(flat[index + 1])];
}
