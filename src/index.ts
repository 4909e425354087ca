import { readPlainKey } from './callers/key-ring.ts';
import { defaults } from './config/config.ts';
import { KEYS_AT_FULL_RATE } from './config/env-variables.ts';
import { guardLookups } from './embed/lookups.ts';
import {
  checkGatewayOptions,
  checkTransportOptions,
  type EmbeddedGatewayOptions,
  type EmbeddedTransportOptions,
  withDefaults,
} from './embed/options.ts';
import * as features from './features/gateway-features.ts';
import * as processFeatures from './features/process-features.ts';
import { createGateway as createPlainGateway } from './gateway.ts';
import type { Gateway } from './gateway-options.ts';
import type { OpenAgents } from './http/doors.ts';
import type { AgentOptions, ProcessFeatures, RedisStateOptions } from './server/features.ts';
import { createLog } from './server/log.ts';
import type { TransportState } from './transport/shared-state.ts';
import { createTransport as createPlainTransport, type Transport } from './transport/transport.ts';
import { version } from './version.ts';

export type { Grant } from './callers/grant.ts';
export type { Credentials, TokenVerifier } from './callers/identify.ts';
export type { KeyRing } from './callers/key-ring.ts';
export type { UserTable } from './callers/user-table.ts';
export type { EmbeddedGatewayOptions, EmbeddedTransportOptions } from './embed/options.ts';
export type { Gateway } from './gateway-options.ts';
export type { Timeouts } from './luaauth/api.ts';
export type { LiveObserver, OnlineObserver } from './observability/observers.ts';
export type {
  RequestEnd,
  RequestObserver,
  RequestRecord,
  WriteFacts,
} from './observability/request-record.ts';
export type { Limits } from './plan/limits.ts';
export type { AgentOptions, RedisStateOptions } from './server/features.ts';
export type { Observer as TransportObserver } from './transport/observer.ts';
export type { Transport, TransportOptions } from './transport/transport.ts';

/**
 * Connects to the REST API with quota, cache and retries; the defaults are the ones of the command line. A process
 * needs only one transport. Call `close` when the process ends. @throws TypeError for options that are not allowed
 */
export function createTransport(options: EmbeddedTransportOptions): Transport {
  checkTransportOptions(options);
  const { freshMs, staleMs } = defaults;
  const { rate = defaults.rate, totalRate = rate * KEYS_AT_FULL_RATE } = options;
  const userAgent = `luaauth-graphql/${version}`;
  const log = createLog({
    level: 'error',
    secrets: [],
    destination: process.stderr,
  });
  const byDefault = { freshMs, staleMs, userAgent, log, rate, totalRate };
  return createPlainTransport({ ...withDefaults(byDefault, options), url: new URL(options.url) });
}

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
 *
 * @throws TypeError for options that are not allowed
 */
export function createGateway(options: EmbeddedGatewayOptions): Gateway {
  checkGatewayOptions(options);
  const credentials = guardLookups(options.credentials ?? {}, options.transport.clock);
  const { heldKey = [], gatewayKeys = [] } = credentials;
  const secrets = [heldKey, gatewayKeys.map((given) => readPlainKey(given).key)].flat();
  const log = createLog({ level: 'error', secrets, destination: process.stderr });
  const trustedProxy = options.trustedProxy?.toLowerCase();
  const { maxBodyBytes, operationTimeoutMs } = defaults;
  return createPlainGateway({
    ...withDefaults({ log, maxBodyBytes, operationTimeoutMs }, options),
    credentials,
    timeouts: withDefaults(defaults.timeouts, options.timeouts),
    limits: withDefaults(defaults.limits, options.limits),
    liveLimits: withDefaults(defaults.live, options.liveLimits),
    trustedProxy,
    features,
  });
}

/**
 * For the option `openAgents` of a gateway, which then serves MCP at `/mcp`. Needs the package
 * `@modelcontextprotocol/server`, and `credentials` with gateway keys.
 * @param options - the documents that become tools, and whether there is a tool that runs any query
 */
export async function openAgents(options: AgentOptions): Promise<OpenAgents> {
  const { agents }: ProcessFeatures = processFeatures;
  if (!agents) throw new Error('openAgents needs the feature agents, which is not installed in this build.');
  return (await agents()).openAgents(options);
}

/**
 * Shares the state of several gateways in Redis. Each process also caches entries, which stay valid until a write
 * touches them. @throws RedisRefused if Redis is there and cannot be used; an error if too many processes run; RedisClientMissing.
 */
export async function openStateInRedis(options: RedisStateOptions): Promise<TransportState> {
  const { redis }: ProcessFeatures = processFeatures;
  if (!redis)
    throw new Error('openStateInRedis needs the feature redis, which is not installed in this build.');
  return (await redis()).openStateInRedis(options);
}
