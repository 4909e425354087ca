import type { Config } from '../config/config.ts';
import type { AnswerObserver } from '../observability/difference.ts';
import { StartError } from '../observability/start-error.ts';
import type { Observer } from '../transport/observer.ts';
import { createTransport, type Transport } from '../transport/transport.ts';
import { version } from '../version.ts';
import type { LoadedFeatures } from './features.ts';

/** Opens the sandbox if no API is configured. @throws StartError if the state cannot be opened */
export async function openUpstream(
  config: Config,
  features: LoadedFeatures,
  observer: readonly (Observer & AnswerObserver)[],
) {
  const state = await openState(config, features, observer);
  const sandbox = await features.sandbox?.openSandbox();
  const transport = createTransport({
    // Without an API, the sandbox is loaded.
    url: config.apiUrl ?? new URL((sandbox as { readonly url: string }).url),
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
    transport: watched(transport, features, observer),
    async close() {
      await transport.close();
      await state?.close?.();
      await sandbox?.close();
    },
  };
}

/** Tells the observers what differs in LuaAuth's answers, if that feature is loaded. */
function watched(
  transport: Transport,
  { differences }: LoadedFeatures,
  observers: readonly AnswerObserver[],
): Transport {
  if (!differences) return transport;
  return { ...transport, ask: differences.watchAnswers(transport.ask, transport.clock, observers) };
}

/** Opens the shared state, if one is configured. */
async function openState(config: Config, features: LoadedFeatures, observers: readonly Observer[]) {
  const { redis, freshMs, freshMsFor, staleMs } = config;
  if (!redis || !features.redis) return undefined;
  const { openStateInRedis, redisProblem } = features.redis;
  try {
    return await openStateInRedis({
      ...redis,
      longestTtlMs: Math.max(freshMs, staleMs, ...Object.values(freshMsFor).map((ms = 0) => ms)),
      onChange(reason) {
        for (const one of observers) one.coordinationChanged?.(reason ? 'lost' : 'ok', reason);
      },
    });
  } catch (cause) {
    throw new StartError(redisProblem(cause as Error, redis.url), { cause });
  }
}
