import { backgroundClock, type Clock } from '../../base/clock.ts';
import { notify } from '../../base/maybe-promise.ts';
import { type RandomSource, systemRandom } from '../../base/random-source.ts';
import { MOST_INSTANCES } from '../../config/env-variables.ts';
import type { RedisStateOptions } from '../../server/features.ts';
import type { TransportState } from '../../transport/shared-state.ts';
import { connectToRedis } from './client.ts';
import { type CreateClient, createRedisClient } from './driver.ts';
import { createGenerationsInRedis } from './generations.ts';
import { createAccountKeyspaces } from './keyspace.ts';
import { RedisLink } from './link.ts';
import { createQuotasInRedis } from './quotas.ts';
import { RELEASE, sharedCache } from './shared-cache.ts';

/** Longer than any call takes. An answer is cached under the generation from the start of its call. */
const LONGEST_CALL_MS = 200_000;

/** A command may take so long, in ms: the machines are near. */
const COMMAND_MS = 150;

/** The clock, random numbers and client that the state uses. A simulation brings its own. */
interface Surroundings {
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly createClient: CreateClient;
  /** How long a command may take, in ms. A test on a busy machine needs more. */
  readonly commandTimeoutMs: number;
}

/**
 * Opens the state of several gateways in Redis. Each process also caches entries in memory. An entry is valid until a write
 * to its resources is known. @throws RedisRefused if Redis is there and cannot be used; RedisClientMissing.
 */
export async function openStateInRedis(
  options: RedisStateOptions,
  surroundings: Partial<Surroundings> = {},
): Promise<TransportState> {
  const { random = systemRandom, clock = backgroundClock, createClient = createRedisClient } = surroundings;
  const { commandTimeoutMs = COMMAND_MS } = surroundings;
  const { instances = MOST_INSTANCES } = options;
  if (!Number.isInteger(instances) || instances < 1 || instances > MOST_INSTANCES)
    throw new RangeError(`instances: ${instances}. Give a whole number from 1 to ${MOST_INSTANCES}.`);
  const link = new RedisLink({
    url: options.url,
    prefix: options.prefix ?? 'luaauth',
    instances,
    commandTimeoutMs,
    clock,
    random,
    createClient,
    // An error in a callback harms no gateway, and there is no log for it.
    onChange: (reason) =>
      notify(
        () => options.onChange?.(reason),
        () => undefined,
      ),
  });
  const accounts = createAccountKeyspaces(link);
  const state: TransportState = {
    quotas: createQuotasInRedis(link, accounts),
    generations: createGenerationsInRedis(link, accounts, options.longestTtlMs + LONGEST_CALL_MS),
    steps: (policy) => [sharedCache(link, accounts, policy)],
    onReset: (action) => link.onReset(action),
    close: () => link.close(),
  };
  try {
    await link.open();
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
    : `Redis cannot be used at ${host}: ${message}.`;
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
  const connection = await connectToRedis({ url, ...limits });
  await connection
    .run(RELEASE, [`${prefix}:store`, `${prefix}:none`], ['none', 'none'])
    .finally(() => connection.end());
}
