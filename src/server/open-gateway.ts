import type { Config } from '../config/config.ts';
import { createGateway } from '../gateway.ts';
import type { Gateway, GatewayOptions } from '../gateway-options.ts';
import { createCors } from '../http/guards.ts';
import { StartError } from '../observability/start-error.ts';
import type { PageConfig, ProcessFeatures } from './features.ts';
import { type RunningServer, startServer } from './listen.ts';
import type { Observability } from './open-observability.ts';

type GatewayConfig = Pick<
  Config,
  (keyof Config & keyof GatewayOptions) | 'live' | 'apiUrl' | 'dashboard' | 'host' | 'port'
> &
  AgentsConfig &
  PageConfig;
type AgentsConfig = Pick<Config, 'agents' | 'persisted' | 'gatewayKey' | 'apiUrl'>;

type GatewayParts = Pick<GatewayOptions, 'transport' | 'isReady' | 'credentials' | 'users'>;

/** Starts the configured gateway on its port, or for an agent at stdin. @throws StartError */
export async function openGateway(
  config: GatewayConfig,
  { log, requests, live, online, pages }: Observability,
  parts: GatewayParts,
  by: 'http' | 'stdin',
  features: ProcessFeatures,
): Promise<RunningServer & Pick<Gateway, 'replaceDocuments'>> {
  const ofGateway = await features.gateway();
  const openAgents = await loadAgents(config, features, by);
  const sandbox = await sandboxFacts(config, features);
  // With a key of its own, the gateway does not ask visitors for the sandbox's.
  const keyOfVisitors = config.credentials.heldKey === undefined ? sandbox?.key : undefined;
  const settings = config.dashboard && { ...config.dashboard, sandboxKey: keyOfVisitors };
  const dashboard = settings && (await (await features.dashboard?.())?.loadDashboard(settings));
  const gateway = createGateway({
    ...config,
    features: ofGateway,
    liveLimits: config.live,
    graphiql: config.graphiql ? ofGateway.graphiql?.describePage(config, sandbox) : undefined,
    log,
    observers: requests,
    liveObserver: live,
    onlineObserver: {
      ...online,
      failed: (scriptId, reason) =>
        log.warn(`METRICS_SCRIPTS: ${scriptId}: no number of users, as ${reason}`),
    },
    pages: dashboard ? [...pages, dashboard] : pages,
    openAgents,
    ...parts,
  });
  const { replaceDocuments } = gateway;
  if (by === 'stdin') return { url: 'stdin:', replaceDocuments, drain: async () => undefined };
  const { host, port, trustedProxy } = config;
  const { upgrade, isAccepted } = gateway;
  const cors = createCors(config.corsOrigins);
  const options = { upgrade, isAccepted, trustedProxy, cors, host, port };
  const server = await startServer({ listener: gateway, onUnseen: log.refused, ...options });
  return {
    ...server,
    replaceDocuments,
    drain(graceMs) {
      gateway.endStreams();
      return server.drain(graceMs);
    },
  };
}

/** Undefined if an API is configured. */
async function sandboxFacts({ apiUrl }: Pick<Config, 'apiUrl'>, features: ProcessFeatures) {
  return apiUrl ? undefined : (await features.sandbox?.())?.facts;
}

/** Loads the feature for agents, if it is configured. @throws StartError */
export async function loadAgents(config: AgentsConfig, features: ProcessFeatures, by: 'http' | 'stdin') {
  const { agents, persisted, gatewayKey } = config;
  if (!agents || !features.agents) return undefined;
  if (by === 'stdin' && gatewayKey === undefined) throw new StartError(NO_KEY);
  const { openAgents } = await features.agents().catch((cause) => {
    throw new StartError(NOT_INSTALLED, { cause });
  });
  const sandboxAdvice = (await sandboxFacts(config, features))?.advice;
  const options = { ...agents, listed: persisted.listed, sandboxAdvice };
  return openAgents(options, by === 'stdin' ? gatewayKey : undefined);
}

const NO_KEY =
  'GATEWAY_KEY: not set, so the agent has no key. Set it to one of GATEWAY_KEYS, or set GATEWAY_KEY_FILE to a file that holds the key.';
const NOT_INSTALLED =
  'MCP needs a package that is not installed. Run "npm install @modelcontextprotocol/server@2", or leave MCP out.';
