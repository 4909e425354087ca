import { createHash } from 'node:crypto';
import type { CacheRecord } from '../../../src/features/redis/cache-record.ts';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import type { QuotaRecord } from '../../../src/features/redis/quota-record.ts';
import type { RedisServer } from './redis.ts';

type CachedAnswer = NonNullable<CacheRecord['answer']>;

/** The name of the account of an API key. */
export const accountOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** The values of an account in Redis whose names begin with `kind`, by the names of their records. */
async function valuesOf<T>(
  redis: RedisServer,
  account: string,
  kind: string,
): Promise<ReadonlyMap<string, T>> {
  const encryption = createEncryption(account);
  const values = new Map<string, T>();
  const keys = (await redis.command('KEYS', `*:{${encryption.tag}}:${kind}*`)) as readonly string[];
  for (const key of keys) {
    const sealed = (await redis.bytes('HGET', key, 'value')) as Buffer | null;
    const text = sealed && encryption.open(sealed, key);
    if (text) values.set(key, JSON.parse(text) as T);
  }
  return values;
}

/** Stores a value as another process would. */
async function writeValue(redis: RedisServer, account: string, key: string, value: object): Promise<void> {
  const sealed = createEncryption(account).seal(JSON.stringify(value), key);
  await redis.bytes('HSET', key, 'version', 'written by a test', 'value', sealed);
}

/** The quotas of an account in Redis, by the names of their records. */
export const quotasOf = (redis: RedisServer, account: string) =>
  valuesOf<QuotaRecord>(redis, account, 'quota');

/** The answers of an account in the cache in Redis, by the names of their records. */
export const answersOf = (redis: RedisServer, account: string) =>
  valuesOf<CachedAnswer>(redis, account, 'entry-');

/** Changes the only answer of an account in the cache as another process would. */
export async function writeAnswer(
  redis: RedisServer,
  account: string,
  change: (answer: CachedAnswer) => CachedAnswer,
): Promise<void> {
  const [[key, answer] = ['', undefined]] = await answersOf(redis, account);
  if (!answer) throw new Error('The account has no answer in Redis yet.');
  await writeValue(redis, account, key, change(answer));
}

/** The quota of an account as a whole; undefined: Redis has none. */
export async function quotaOf(redis: RedisServer, account: string): Promise<QuotaRecord | undefined> {
  for (const [key, quota] of await quotasOf(redis, account)) if (key.endsWith(':quota')) return quota;
  return undefined;
}

/** How many permits of an account are held in Redis, over all its quotas. */
export async function heldPermits(redis: RedisServer, account: string): Promise<number> {
  let held = 0;
  for (const quota of (await quotasOf(redis, account)).values()) held += Object.keys(quota.held).length;
  return held;
}

/** Writes the quota of an account as another process would. `change` gets the quota and the time of Redis in ms. */
export async function writeQuota(
  redis: RedisServer,
  account: string,
  change: (quota: QuotaRecord, now: number) => QuotaRecord,
): Promise<void> {
  const [[key, quota] = ['', undefined]] = await quotasOf(redis, account);
  if (!quota) throw new Error('The account has no quota in Redis yet.');
  const [seconds = '0'] = (await redis.command('TIME')) as readonly string[];
  const changed = change(quota, Number(seconds) * 1_000);
  await writeValue(redis, account, key, changed);
}
