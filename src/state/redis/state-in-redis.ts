import { createCacheInMemory, createDocumentsInMemory, createPageSizesInMemory } from '../memory.ts';
import type { State } from '../port.ts';
import { RedisCopies } from './redis-copies.ts';
import { createDocumentsInRedis } from './redis-documents.ts';
import { RedisFeeds } from './redis-feeds.ts';
import { RedisGenerations } from './redis-generations.ts';
import { RedisLink } from './redis-link.ts';
import { createPageSizesInRedis } from './redis-page-sizes.ts';
import { createQuotasInRedis } from './redis-quotas.ts';
import { StoreAccounts } from './store-account.ts';

export interface RedisStateOptions {
  /** `redis://` or `rediss://`, as `@redis/client` understands it. */
  readonly url: string;
  /** What the name of every key begins with: gateways with the same prefix count together. */
  readonly prefix?: string | undefined;
  /** Requests in any second for one API key; 0: no limit. The same in all gateways. */
  readonly rate: number;
  /** The longest that a copy is kept, in ms. */
  readonly longestCopyMs: number;
  /** How many gateways there are, for one that has never reached Redis. */
  readonly instances?: number | undefined;
  /** Whether it is an error when Redis cannot be reached at the start. */
  readonly isRequired?: boolean | undefined;
  readonly commandTimeoutMs?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** Is told when the other gateways are lost (why), and when they are found again (undefined). */
  readonly onChange?: ((reason: Error | undefined) => void) | undefined;
}

/** Longer than any call takes, of which the answer may be kept under what was known at its beginning. */
const LONGEST_CALL_MS = 200_000;

/**
 * The state of several gateways, in Redis. Copies stay in each process as well, and count while no write is known to have
 * touched them. @throws when Redis is required and cannot be reached; RedisClientMissing.
 */
export async function openStateInRedis(options: RedisStateOptions): Promise<State> {
  const { longestCopyMs, isRequired = true, now = () => performance.now() } = options;
  const link = new RedisLink({
    url: options.url,
    prefix: options.prefix ?? 'luaauth',
    rate: options.rate,
    instances: options.instances,
    commandTimeoutMs: options.commandTimeoutMs ?? 150,
    now,
    onChange: options.onChange ?? (() => undefined),
  });
  const accounts = new StoreAccounts(link);
  const keepMs = longestCopyMs + LONGEST_CALL_MS;
  const feeds = new RedisFeeds(link, accounts, options.url);
  let own = createCacheInMemory(now);
  const state: State = {
    quotas: createQuotasInRedis({ link, accounts, keepMs }),
    generations: new RedisGenerations({ link, accounts, keepMs }),
    cache: { get: (key) => own.get(key), set: (key, entry, ttlMs) => own.set(key, entry, ttlMs) },
    shared: new RedisCopies(link, accounts),
    documents: createDocumentsInRedis(link, createDocumentsInMemory()),
    pageSizes: createPageSizesInRedis(link, accounts, createPageSizesInMemory(now)),
    feeds,
    coordination: link,
    close() {
      feeds.close();
      return link.close();
    },
  };
  // Others may have written meanwhile.
  link.onOver(() => {
    own = createCacheInMemory(now);
  });
  await open(link, isRequired);
  return state;
}

async function open(link: RedisLink, isRequired: boolean): Promise<void> {
  try {
    await link.open();
  } catch (error) {
    const isMissing = error instanceof Error && error.name === 'RedisClientMissing';
    if (!isRequired && !isMissing) return link.openLost(error as Error);
    await link.close();
    throw error;
  }
}
