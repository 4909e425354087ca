import { readPlainKey } from './callers/key-ring.ts';
import { type Config, readConfig } from './config/config.ts';
import { createGateway as createPlainGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { createLog } from './observability/log.ts';
import {
  createTransport as createPlainTransport,
  type Transport,
  type TransportOptions,
} from './transport/transport.ts';
import { version } from './version.ts';

export type { Grant } from './callers/grant.ts';
export type { Credentials } from './callers/identify.ts';
export type { KeyRing } from './callers/key-ring.ts';
export type { TokenVerifier } from './callers/token-verifier.ts';
export type { Gateway, GatewayOptions } from './gateway.ts';
export type { Limits } from './limits/limits.ts';
export type { Timeouts } from './luaauth/api.ts';
export { openStateInRedis, type RedisStateOptions } from './state/redis/state-in-redis.ts';
export type { Transport, TransportOptions } from './transport/transport.ts';

/** What the command line would do without a flag, a variable or a file. */
const { config: defaults } = readConfig({}) as { config: Config };

export type EmbeddedTransportOptions = Partial<Omit<TransportOptions, 'url'>> & {
  /** Base URL of the REST API, such as `https://api.luaauth.com`; a path in it is kept. */
  readonly url: string | URL;
};

/**
 * The way to the REST API, with the defaults of the command line: its quota, copies of reads, and retries. One is enough
 * for a process; `close` it when the process ends.
 */
export function createTransport({ url, ...options }: EmbeddedTransportOptions): Transport {
  const { freshMs, staleMs } = defaults;
  const { rate = defaults.rate, totalRate = rate * (defaults.totalRate / defaults.rate) } = options;
  const userAgent = `luaauth-graphql/${version}`;
  return createPlainTransport({
    freshMs,
    staleMs,
    userAgent,
    ...options,
    rate,
    totalRate,
    url: new URL(url),
  });
}

export type EmbeddedGatewayOptions = Pick<GatewayOptions, 'transport'> & Partial<GatewayOptions>;

/**
 * The gateway for a server of your own: `fetch` takes a `Request`, and the gateway itself is a `node:http` listener. It
 * answers `/graphql`, `/health` and `/readiness`, and has the defaults of the command line: each caller sends their own
 * key, and what nobody expects is a line of JSON on stderr, in which no key is shown.
 *
 * `gateway.upgrade` takes WebSockets at `/graphql`, by the protocol `graphql-transport-ws`, and refuses all others:
 *
 *     const server = createServer(gateway);
 *     server.on('upgrade', gateway.upgrade);
 *
 * What a GET, a stream or a page needs is loaded with the first of them, or before by `gateway.warmUp()`.
 *
 * Call `gateway.endStreams()` before the server closes: subscriptions and WebSockets would keep it open.
 */
export function createGateway(options: EmbeddedGatewayOptions): Gateway {
  const { timeouts, operationTimeoutMs } = defaults;
  const { credentials = defaults.credentials } = options;
  const { heldKey = [], gatewayKeys = [] } = credentials;
  const secrets = [heldKey, gatewayKeys.map((given) => readPlainKey(given).key)].flat();
  const log = createLog({ level: 'error', secrets, destination: process.stderr });
  return createPlainGateway({ timeouts, operationTimeoutMs, log, ...options, credentials });
}
