import type { RedisStateOptions } from '../../server/features.ts';
import { createDocumentsInMemory } from '../../state/documents.ts';
import { notify } from '../../state/maybe-promise.ts';
import { createCacheInMemory, createPageSizesInMemory } from '../../state/memory.ts';
import type { State } from '../../state/port.ts';
import { backgroundClock, type Clock } from '../../transport/clock.ts';
import { type RandomSource, systemRandom } from '../../transport/random-source.ts';
import { READ_WRITES } from './account-writes.ts';
import { connectToRedis } from './client.ts';
import { type CreateClient, createRedisClient } from './driver.ts';
import { createGenerationsInRedis } from './generations.ts';
import { createAccountKeyspaces } from './keyspace.ts';
import { createRedisLink } from './link.ts';
import { createLiveEntriesInRedis } from './live-entries.ts';
import { createQuotasInRedis } from './quotas.ts';
import { createSharedCacheInRedis } from './shared-cache.ts';
import { createDocumentsInRedis } from './shared-documents.ts';

/** Longer than any call takes. An answer is cached under the generation from the start of its call. */
const LONGEST_CALL_MS = 200_000;

/** The clock, random numbers and client that the state uses. A simulation brings its own. */
interface Surroundings {
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly createClient: CreateClient;
}

/**
 * Opens the state of several gateways in Redis. Each process also caches entries in memory. An entry is valid until a write
 * to its resources is known. @throws when Redis is required and cannot be reached; RedisClientMissing.
 */
export async function openStateInRedis(
  options: RedisStateOptions,
  surroundings: Partial<Surroundings> = {},
): Promise<State> {
  const { longestTtlMs, isRequired = true } = options;
  const { random = systemRandom, clock = backgroundClock, createClient = createRedisClient } = surroundings;
  const now = options.now ?? clock.now;
  const link = createRedisLink({
    ...options,
    prefix: options.prefix ?? 'luaauth',
    instances: options.instances,
    commandTimeoutMs: options.commandTimeoutMs ?? 150,
    clock: { ...clock, now },
    random,
    createClient,
    // An error in a callback harms no gateway, and there is no log for it.
    onChange: (reason) =>
      notify(
        () => options.onChange?.(reason),
        () => undefined,
      ),
    onRejected: (kind) =>
      notify(
        () => options.onRejected?.(kind),
        () => undefined,
      ),
  });
  const accounts = createAccountKeyspaces(link, longestTtlMs + LONGEST_CALL_MS);
  const live = createLiveEntriesInRedis(link, accounts, {
    createClient,
    readUrl: options.readUrl ?? (() => options.url),
  });
  let own = createCacheInMemory(now);
  const state: State = {
    quotas: createQuotasInRedis(link, accounts),
    generations: createGenerationsInRedis(link, accounts),
    cache: { get: (key) => own.get(key), set: (key, entry, ttlMs) => own.set(key, entry, ttlMs) },
    shared: createSharedCacheInRedis(link, accounts),
    documents: createDocumentsInRedis(link, accounts, createDocumentsInMemory()),
    pageSizes: createPageSizesInMemory(now),
    live,
    coordination: link,
    async close() {
      await live.close();
      await link.close();
    },
  };
  const dropEntries = () => {
    link.whenChanged(dropEntries);
    // Other processes may have written during a partition.
    if (!link.isDegraded) own = createCacheInMemory(now);
  };
  link.whenChanged(dropEntries);
  try {
    await link.open(isRequired);
  } catch (error) {
    await link.close();
    throw error;
  }
  return state;
}

/** Explains why Redis cannot be used, and how to fix this. */
export function redisProblem({ name, message }: Error, url: string): string {
  const { host } = new URL(url);
  return name === 'RedisClientMissing'
    ? 'REDIS_URL needs a package that is not installed. Run "npm install @redis/client@6", or leave REDIS_URL out.'
    : `Redis cannot be used at ${host}: ${message}. Start it, set REDIS_URL to a Redis that answers in time, or set REDIS_REQUIRED=false to start without it.`;
}

const ASK_TIMEOUT_MS = 5_000;

/** Runs a script of gateways on a key, and changes nothing that gateways share. @throws the error of the connection */
export async function askRedis({ url, prefix }: { readonly url: string; readonly prefix: string }) {
  const limits = {
    connectTimeoutMs: ASK_TIMEOUT_MS,
    commandTimeoutMs: ASK_TIMEOUT_MS,
    clock: backgroundClock,
    createClient: createRedisClient,
  };
  const connection = await connectToRedis({ url, ...limits, onLost: () => undefined });
  const keys = Array<string>(4).fill(`${prefix}:{gateways}:store`);
  await connection.run(READ_WRITES, keys, ['', '', '', '']).finally(connection.end);
}
