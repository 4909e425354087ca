import type { Config } from '../config/config.ts';
import { createGateway, type GatewayOptions } from '../gateway.ts';
import { createLog } from '../observability/log.ts';
import { loadFeatures, type ProcessFeatures } from './features.ts';
import { openUpstream, type UpstreamConfig } from './open-upstream.ts';

type AloneConfig = Pick<Config, Exclude<keyof Config & keyof GatewayOptions, 'graphiql'> | 'asked' | 'live'> &
  UpstreamConfig;

/** Opens a gateway inside a command. It listens to no port and writes unexpected errors to stderr. */
export async function openAlone(config: AloneConfig, features: ProcessFeatures) {
  const ofGateway = await loadFeatures(config, features);
  const { heldKey } = config.credentials;
  const secrets = heldKey === undefined ? [] : [heldKey];
  // Its calls count in the quota that gateways share.
  const { transport, close } = await openUpstream(config, features, []);
  const gateway = createGateway({
    ...config,
    features: ofGateway,
    transport,
    // The user of the command has the API key, so no gateway key is needed.
    credentials: {},
    liveLimits: config.live,
    graphiql: undefined,
    log: createLog({ level: 'error', secrets, destination: process.stderr }),
  });
  async function post(headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const response = await gateway.fetch('http://localhost/graphql', { method: 'POST', headers, body });
    return response.text();
  }
  return { post, close };
}
