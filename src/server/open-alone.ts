import type { Config } from '../config/config.ts';
import { createGateway, type GatewayOptions } from '../gateway.ts';
import { createLog } from '../observability/log.ts';
import { loadFeatures, type ProcessFeatures } from './features.ts';
import { openUpstream, type UpstreamConfig } from './open-upstream.ts';

/** The parts of the configuration that a gateway without a listener depends on. */
type AloneConfig = Pick<
  Config,
  Exclude<keyof Config & keyof GatewayOptions, 'graphiql'> | 'asked' | 'live' | 'logFormat'
> &
  UpstreamConfig;

/** A gateway that nobody but its owner reaches: it listens to nothing, and what nobody expects goes to stderr. */
export async function openAlone(config: AloneConfig, features: ProcessFeatures) {
  const ofGateway = await loadFeatures(config, features);
  const { heldKey } = config.credentials;
  const secrets = heldKey === undefined ? [] : [heldKey];
  // Where gateways share a quota, its calls count in it as well.
  const { transport, close } = await openUpstream(config, features, [], console.error);
  const gateway = createGateway({
    ...config,
    features: ofGateway,
    transport,
    // Its owner has the key already: there is nobody to ask for a gateway key.
    credentials: {},
    liveLimits: config.live,
    graphiql: undefined,
    log: createLog({ level: 'error', format: config.logFormat, secrets, destination: process.stderr }),
  });
  /** Posts to the gateway, and gives the text of its answer. */
  async function post(headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const response = await gateway.fetch('http://localhost/graphql', { method: 'POST', headers, body });
    return response.text();
  }
  return { post, close };
}
