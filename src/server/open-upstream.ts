import type { Config } from '../config/config.ts';
import type { Sandbox } from '../features/sandbox/server.ts';
import { StartError } from '../observability/start-error.ts';
import type { Observer } from '../transport/observer.ts';
import { createTransport } from '../transport/transport.ts';
import { version } from '../version.ts';

/**
 * The way to the REST API, or to the sandbox where no API is configured: that at `sandboxUrl`, or one of its own.
 * @throws StartError without the state of several gateways
 */
export async function openUpstream(config: Config, observer: readonly Observer[], sandboxUrl?: string) {
  const state = await openState(config, observer);
  const given = config.apiUrl ?? sandboxUrl;
  const sandbox = given ? undefined : await openSandbox();
  const transport = createTransport({
    url: new URL(given ?? (sandbox as Sandbox).url),
    userAgent: `luaauth-graphql/${version}`,
    rate: config.rate,
    totalRate: config.totalRate,
    freshMs: config.freshMs,
    freshMsFor: config.freshMsFor,
    staleMs: config.staleMs,
    observer,
    state,
  });
  return {
    transport,
    async close() {
      await transport.close();
      await state?.close?.();
      await sandbox?.close();
    },
  };
}

/** Starts the sandbox in the place of the API. A gateway that has an API does not even load it. */
export async function openSandbox(): Promise<Sandbox> {
  const { GUEST_EVERY_MS, startSandbox } = await import('../features/sandbox/server.ts');
  return startSandbox({ guestEveryMs: GUEST_EVERY_MS, dates: 'recent' });
}

/** Opens the state that this gateway shares with others, if it does; undefined, and nothing of it loaded, if not. */
async function openState(config: Config, observers: readonly Observer[]) {
  const { redis, rate, freshMs, freshMsFor, staleMs } = config;
  if (!redis) return undefined;
  const { openStateInRedis } = await import('../features/redis/open.ts');
  try {
    return await openStateInRedis({
      ...redis,
      readUrl: config.readRedisUrl,
      rate,
      longestTtlMs: Math.max(freshMs, staleMs, ...Object.values(freshMsFor).map((ms = 0) => ms)),
      onChange(reason) {
        for (const one of observers) one.coordinationChanged?.(reason ? 'lost' : 'ok', reason);
      },
    });
  } catch (cause) {
    throw new StartError(redisProblem(cause as Error, redis.url), { cause });
  }
}

/** Says why Redis cannot be used, and what to do. */
export function redisProblem({ name, message }: Error, url: string): string {
  const { host } = new URL(url);
  return name === 'RedisClientMissing'
    ? 'REDIS_URL needs a package that is not installed. Run "npm install @redis/client@6", or leave REDIS_URL out.'
    : `Redis cannot be used at ${host}: ${message}. Start it, set REDIS_URL to where it is and answers in time, or set REDIS_REQUIRED=false to begin without it.`;
}
