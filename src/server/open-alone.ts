import type { Config } from '../config/config.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import { combineObservers } from '../observability/combine-observers.ts';
import { createLog } from '../observability/log.ts';
import { openState } from './open-state.ts';
import { openUpstream } from './open-upstream.ts';

/** A gateway that nobody but its owner reaches: it listens to nothing, and what nobody expects goes to stderr. */
export interface LoneGateway {
  readonly fetch: Gateway['fetch'];
  close(): Promise<void>;
}

export async function openAlone(config: Config): Promise<LoneGateway> {
  const { heldKey } = config.credentials;
  const secrets = heldKey === undefined ? [] : [heldKey];
  const observer = combineObservers([]);
  // Where gateways share a quota, its calls count in it as well.
  const state = await openState(config, observer);
  const { transport, close } = await openUpstream(config, observer, state);
  const { fetch } = createGateway({
    transport,
    // Its owner has the key already: there is nobody to ask for a gateway key.
    credentials: {},
    timeouts: config.timeouts,
    operationTimeoutMs: config.operationTimeoutMs,
    readOnly: config.readOnly,
    persisted: config.persisted,
    limits: config.limits,
    liveLimits: config.live,
    maxBodyBytes: config.maxBodyBytes,
    log: createLog({ level: 'error', secrets, destination: process.stderr }),
  });
  return { fetch, close };
}
