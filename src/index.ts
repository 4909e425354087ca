import { readPlainKey } from './callers/key-ring.ts';
import { defaults, withDefaults } from './config/config.ts';
import * as features from './features/gateway-features.ts';
import * as processFeatures from './features/process-features.ts';
import { createGateway as createPlainGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { createLog } from './observability/log.ts';
import type { ProcessFeatures, RedisStateOptions } from './server/features.ts';
import type { State } from './state/port.ts';
import {
  createTransport as createPlainTransport,
  type Transport,
  type TransportOptions,
} from './transport/transport.ts';
import { version } from './version.ts';

export type { Grant } from './callers/grant.ts';
export type { Credentials, TokenVerifier } from './callers/identify.ts';
export type { KeyRing } from './callers/key-ring.ts';
export type { Gateway, GatewayOptions } from './gateway.ts';
export type { Timeouts } from './luaauth/api.ts';
export type { Limits } from './plan/limits.ts';
export type { RedisStateOptions } from './server/features.ts';
export type { Transport, TransportOptions } from './transport/transport.ts';

export type EmbeddedTransportOptions = Partial<Omit<TransportOptions, 'url' | 'connections' | 'today'>> & {
  /** Base URL of the REST API, such as `https://api.luaauth.com`. Its path is kept. */
  readonly url: string | URL;
};

/**
 * Connects to the REST API with quota, cache and retries; the defaults are the ones of the command line. A process
 * needs only one transport. Call `close` when the process ends.
 */
export function createTransport({ url, ...options }: EmbeddedTransportOptions): Transport {
  const { freshMs, staleMs } = defaults;
  const { rate = defaults.rate, totalRate = rate * (defaults.totalRate / defaults.rate) } = options;
  const userAgent = `luaauth-graphql/${version}`;
  const log = createLog({
    level: 'error',
    secrets: [],
    destination: process.stderr,
  });
  const byDefault = { freshMs, staleMs, userAgent, log, rate, totalRate };
  return createPlainTransport({ ...withDefaults(byDefault, options), url: new URL(url) });
}

export type EmbeddedGatewayOptions = Pick<GatewayOptions, 'transport'> &
  Partial<Omit<GatewayOptions, 'features' | 'pages' | 'execute'>>;

/**
 * Creates a gateway for your own server. `fetch` takes a `Request`; the gateway itself is a `node:http` listener. It
 * answers `/graphql`, `/health` and `/readiness`. The defaults are the ones of the command line: each caller sends a
 * LuaAuth key. Unexpected errors are written to stderr as lines of JSON, without any key.
 *
 * `gateway.upgrade` accepts WebSockets at `/graphql` that use the protocol `graphql-transport-ws`:
 *
 *     const server = createServer(gateway);
 *     server.on('upgrade', gateway.upgrade);
 *
 * Call `gateway.endStreams()` before closing the server: subscriptions and WebSockets would keep it open.
 */
export function createGateway(options: EmbeddedGatewayOptions): Gateway {
  const { credentials = defaults.credentials } = options;
  const timeouts = withDefaults(defaults.timeouts, options.timeouts);
  const { heldKey = [], gatewayKeys = [] } = credentials;
  const secrets = [heldKey, gatewayKeys.map((given) => readPlainKey(given).key)].flat();
  const log = createLog({ level: 'error', secrets, destination: process.stderr });
  return createPlainGateway({ ...withDefaults({ log, credentials }, options), timeouts, features });
}

/**
 * Shares the state of several gateways in Redis. Each process also caches entries, which stay valid until a write
 * touches them. @throws if Redis is required and cannot be reached; RedisClientMissing.
 */
export async function openStateInRedis(options: RedisStateOptions): Promise<State> {
  const { redis }: ProcessFeatures = processFeatures;
  if (!redis)
    throw new Error('openStateInRedis needs the feature redis, which is not installed in this build.');
  return (await redis()).openStateInRedis(options);
}
