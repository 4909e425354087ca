import type { Config } from '../config/config.ts';
import { StartError } from '../observability/start-error.ts';
import type { Observer } from '../transport/observer.ts';
import { createTransport } from '../transport/transport.ts';
import { version } from '../version.ts';
import { openAcceptedKeysFile } from './accepted-keys-file.ts';
import type { ProcessFeatures } from './features.ts';

/** The parts of the configuration that the way to the REST API depends on. */
export type UpstreamConfig = Pick<
  Config,
  | 'apiUrl'
  | 'rate'
  | 'totalRate'
  | 'freshMs'
  | 'freshMsFor'
  | 'staleMs'
  | 'acceptedKeysFile'
  | 'redis'
  | 'readRedisUrl'
>;

/**
 * The way to the REST API, or to the sandbox where no API is configured: that at `sandboxUrl`, or one of its own.
 * @throws StartError without the state of several gateways
 */
export async function openUpstream(
  config: UpstreamConfig,
  features: ProcessFeatures,
  observer: readonly Observer[],
  warn: (message: string) => void,
  sandboxUrl?: string,
) {
  const state = await openState(config, features, observer);
  const given = config.apiUrl ?? sandboxUrl;
  const sandbox = given ? undefined : await (await features.sandbox?.())?.openSandbox();
  const transport = createTransport({
    url: new URL(given ?? (sandbox as { readonly url: string }).url),
    userAgent: `luaauth-graphql/${version}`,
    rate: config.rate,
    totalRate: config.totalRate,
    freshMs: config.freshMs,
    freshMsFor: config.freshMsFor,
    staleMs: config.staleMs,
    observer,
    state,
    accepted:
      config.acceptedKeysFile === undefined ? undefined : openAcceptedKeysFile(config.acceptedKeysFile, warn),
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

/** Opens the state that this gateway shares with others, if it does; undefined, and nothing of it loaded, if not. */
async function openState(config: UpstreamConfig, features: ProcessFeatures, observers: readonly Observer[]) {
  const { redis, rate, freshMs, freshMsFor, staleMs } = config;
  if (!redis || !features.redis) return undefined;
  const { openStateInRedis, redisProblem } = await features.redis();
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
