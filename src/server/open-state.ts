import type { Config } from '../config/config.ts';
import { StartError } from '../observability/start-error.ts';
import type { State } from '../state/port.ts';
import type { Observer } from '../transport/observer.ts';

/** What this gateway shares with others, if it does: otherwise undefined, and nothing of it is loaded. @throws StartError */
export async function openState(config: Config, observer: Observer): Promise<State | undefined> {
  const { redis, rate, freshMs, staleMs } = config;
  if (!redis) return undefined;
  const { openStateInRedis } = await import('../state/redis/state-in-redis.ts');
  const { coordinationChanged } = observer;
  try {
    return await openStateInRedis({
      ...redis,
      rate,
      longestCopyMs: Math.max(freshMs, staleMs),
      onChange: (reason) => coordinationChanged?.(reason ? 'lost' : 'ok', reason),
    });
  } catch (cause) {
    throw new StartError(adviceFor(cause as Error, new URL(redis.url).host), { cause });
  }
}

function adviceFor({ name, message }: Error, host: string): string {
  return name === 'RedisClientMissing'
    ? 'REDIS_URL needs a package that is not installed. Run "npm install @redis/client@6", or leave REDIS_URL out.'
    : `Redis cannot be used at ${host}: ${message}. Start it, set REDIS_URL to where it is, or set REDIS_REQUIRED=false to begin without it.`;
}
