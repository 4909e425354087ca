import { createHash } from 'node:crypto';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import type { QuotaRecord } from '../../../src/features/redis/quota-record.ts';
import type { RedisServer } from './redis.ts';

/** The name of the account of an API key. */
export const accountOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** The quotas of an account in Redis, by the names of their records.  */
export async function quotasOf(
  redis: RedisServer,
  account: string,
): Promise<ReadonlyMap<string, QuotaRecord>> {
  const encryption = createEncryption(account);
  const quotas = new Map<string, QuotaRecord>();
  const keys = (await redis.command('KEYS', `*:{${encryption.tag}}:quota*`)) as readonly string[];
  for (const key of keys) {
    const sealed = (await redis.bytes('HGET', key, 'value')) as Buffer | null;
    const text = sealed && encryption.open(sealed, key);
    if (text) quotas.set(key, JSON.parse(text) as QuotaRecord);
  }
  return quotas;
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
  const value = createEncryption(account).seal(JSON.stringify(changed), key);
  await redis.bytes('HSET', key, 'version', 'written by a test', 'value', value);
}
