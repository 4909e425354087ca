import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import * as features from '../features/gateway-features.ts';
import { createTabs, PLACEHOLDERS } from '../features/graphiql/tabs.ts';
import { sandboxKeys } from '../features/sandbox/keys.ts';
import { seeded } from '../features/sandbox/seed-data.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import type { GraphiQLPageOptions } from '../http/graphiql-options.ts';
import { createCors } from '../http/guards.ts';
import type { HttpRoute } from '../http/routes.ts';
import { createStaticRoute } from '../http/static-file.ts';
import { StartError } from '../observability/start-error.ts';
import { type RunningServer, startServer } from './listen.ts';
import type { Observability } from './open-observability.ts';

type GatewayParts = Pick<GatewayOptions, 'transport' | 'isReady' | 'credentials'>;

/** Listens with the gateway that is configured, or serves an agent at stdin with it. @throws StartError */
export async function openGateway(
  config: Config,
  { log, requests, live, pages }: Observability,
  parts: GatewayParts,
  by: 'http' | 'stdin',
): Promise<RunningServer & Pick<Gateway, 'replaceDocuments'>> {
  const openAgents = await loadAgents(config, by);
  const gateway = createGateway({
    // An option that is configured has the name of its setting.
    ...config,
    features,
    liveLimits: config.live,
    graphiql: config.graphiql ? graphiqlFor(config) : undefined,
    log,
    observers: requests,
    liveObserver: live,
    pages: [...pages, ...(await loadDashboard(config))],
    openAgents,
    ...parts,
  });
  const { replaceDocuments } = gateway;
  if (by === 'stdin') return { url: 'stdin:', replaceDocuments, drain: async () => undefined };
  const { host, port, writeTimeoutMs } = config;
  const { upgrade, isAccepted } = gateway;
  const cors = createCors(config.corsOrigins);
  const options = { upgrade, isAccepted, cors, host, port, writeTimeoutMs };
  const server = await startServer({ listener: gateway, ...options });
  return {
    ...server,
    replaceDocuments,
    drain(graceMs) {
      gateway.endStreams();
      return server.drain(graceMs);
    },
  };
}

/** Loads what opens the way for agents, if it is wanted. @throws StartError */
export async function loadAgents({ agents, persisted, gatewayKey }: Config, by: 'http' | 'stdin') {
  if (!agents) return undefined;
  if (by === 'stdin' && gatewayKey === undefined) throw new StartError(NO_KEY);
  const { openAgents } = await import('../features/agents/open-agents.ts').catch((cause) => {
    throw new StartError(NOT_INSTALLED, { cause });
  });
  return openAgents({ ...agents, listed: persisted.listed }, by === 'stdin' ? gatewayKey : undefined);
}

const NO_KEY =
  'GATEWAY_KEY: not set, so the agent has no key. Set it to one of GATEWAY_KEYS, or GATEWAY_KEY_FILE to a file that holds it.';
const NOT_INSTALLED =
  'MCP needs a package that is not installed. Run "npm install @modelcontextprotocol/server@2", or leave MCP out.';

/** As built; the package and the image bring it along, a clone builds it. */
const FOLDER = fileURLToPath(new URL('../../examples/react-dashboard/dist/', import.meta.url));

/** The dashboard's pages, if it is to be served. @throws StartError where it is not built, or cannot be read */
export async function loadDashboard({ dashboard }: Config): Promise<readonly HttpRoute[]> {
  if (!dashboard) return [];
  try {
    return [await createStaticRoute('/dashboard', FOLDER)];
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `DASHBOARD is true, but there is no dashboard that can be read in ${JSON.stringify(FOLDER)} (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.`,
      { cause },
    );
  }
}

/** The page asks for what the sandbox has, or shows placeholders; never the key that the gateway holds. */
function graphiqlFor(config: Config): GraphiQLPageOptions {
  const { readOnly, apiUrl } = config;
  const isSandbox = apiUrl === undefined;
  const credential = visitorCredential(config, isSandbox);
  const ids = isSandbox ? { ...seeded, placeId: String(seeded.placeId) } : PLACEHOLDERS;
  return {
    credential,
    note: noteFor(config, isSandbox),
    tabs: createTabs({ ...ids, credential, readOnly }),
    inAdvance: true,
  };
}

function visitorCredential({ credentials, keysFile, jwt }: Config, isSandbox: boolean) {
  const { heldKey, gatewayKeys } = credentials;
  if (heldKey === undefined) {
    return {
      header: 'token',
      prefix: '',
      label: 'LuaAuth API key',
      publicKey: isSandbox ? sandboxKeys.full : '',
      variable: 'LUAAUTH_API_KEY',
    };
  }
  if (!gatewayKeys && !keysFile && !jwt) return undefined;
  return {
    header: 'authorization',
    prefix: 'Bearer ',
    label: 'Key of this gateway',
    publicKey: '',
    variable: 'GATEWAY_KEY',
  };
}

function noteFor({ credentials: { heldKey } }: Config, isSandbox: boolean): string {
  if (isSandbox) return 'Sandbox: made-up data, nothing reaches LuaAuth.';
  return heldKey === undefined ? 'Live: LuaAuth answers.' : 'Live: this gateway holds its LuaAuth key.';
}
