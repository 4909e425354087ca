import { createIdentify } from '../callers/identify.ts';
import type { Config } from '../config/config.ts';
import { createGateway } from '../gateway.ts';
import type { GatewayOptions } from '../gateway-options.ts';
import { createCors } from '../http/guards.ts';
import { StartError } from '../observability/start-error.ts';
import type { LoadedFeatures } from './features.ts';
import { type RunningServer, startServer } from './listen.ts';
import type { Observability } from './open-observability.ts';

type GatewayParts = Pick<GatewayOptions, 'transport' | 'isReady' | 'credentials' | 'users'>;

/** Starts the configured gateway on its port, or for an agent at stdin. @throws StartError */
export async function openGateway(
  config: Config,
  { log, requests, live, online, pages }: Observability,
  parts: GatewayParts,
  by: 'http' | 'stdin',
  features: LoadedFeatures,
): Promise<RunningServer> {
  const openAgents = agentsOf(config, features, by);
  const sandbox = features.sandbox?.facts;
  // With a key of its own, the gateway does not ask visitors for the sandbox's.
  const keyOfVisitors = config.credentials.heldKey === undefined ? sandbox?.key : undefined;
  // Callers with LuaAuth keys of their own belong to different accounts, and must not see each other's operations.
  const hasRequests = config.dashboard !== undefined && parts.credentials.heldKey !== undefined;
  const recent = hasRequests
    ? features.dashboard &&
      new features.dashboard.RecentRequests(createIdentify(parts.credentials, parts.transport.trust))
    : undefined;
  const settings = config.dashboard && { ...config.dashboard, sandboxKey: keyOfVisitors, hasRequests };
  const dashboard = settings && (await features.dashboard?.loadDashboard(settings));
  const gateway = createGateway({
    ...config,
    features: features.gateway,
    liveLimits: config.live,
    graphiql: config.graphiql ? features.gateway.graphiql?.describePage(config, sandbox) : undefined,
    log,
    observers: recent ? [...requests, recent] : requests,
    liveObserver: live,
    onlineObserver: {
      ...online,
      failed: (scriptId, reason) =>
        log.warn(`METRICS_SCRIPTS: ${scriptId}: no number of users, as ${reason}`),
    },
    pages: [...pages, recent?.route, dashboard].filter((page) => page !== undefined),
    openAgents,
    ...parts,
  });
  if (by === 'stdin') return { url: 'stdin:', drain: async () => undefined };
  const { host, port } = config;
  const { upgrade, isAccepted } = gateway;
  const cors = createCors(config.corsOrigins);
  const server = await startServer({ listener: gateway, upgrade, isAccepted, cors, host, port });
  return {
    ...server,
    drain(graceMs) {
      gateway.endStreams();
      return server.drain(graceMs);
    },
  };
}

/** @throws StartError if an agent at stdin has no key */
function agentsOf({ agents, persisted, gatewayKey }: Config, features: LoadedFeatures, by: 'http' | 'stdin') {
  if (!agents) return undefined;
  if (by === 'stdin' && gatewayKey === undefined) throw new StartError(NO_KEY);
  const options = { ...agents, listed: persisted.listed, sandboxAdvice: features.sandbox?.facts.advice };
  return features.agents?.openAgents(options, by === 'stdin' ? gatewayKey : undefined);
}

const NO_KEY =
  'GATEWAY_KEY: not set, so the agent has no key. Set it to one of GATEWAY_KEYS, or set GATEWAY_KEY_FILE to a file that holds the key.';
