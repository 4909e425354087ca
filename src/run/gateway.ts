import type { Config } from '../config.ts';
import { createGateway, type GatewayOptions } from '../gateway.ts';
import type { Operation } from '../operation/open.ts';
import { StartError } from '../operation/start-error.ts';
import { type RunningServer, startServer } from '../server.ts';
import { graphiqlFor } from './page.ts';

export type GatewayParts = Pick<GatewayOptions, 'transport' | 'persisted' | 'isReady'>;

/** Listens with the gateway that is configured. @throws StartError */
export async function openGateway(
  config: Config,
  operation: Operation,
  parts: GatewayParts,
): Promise<RunningServer> {
  const { host, port } = config;
  const gateway = createGateway({
    credentials: config.credentials,
    timeouts: config.timeouts,
    operationTimeoutMs: config.operationTimeoutMs,
    readOnly: config.readOnly,
    persisted: config.persisted,
    limits: config.limits,
    maxBodyBytes: config.maxBodyBytes,
    corsOrigins: config.corsOrigins,
    graphiql: config.graphiql ? graphiqlFor(config) : undefined,
    log: operation.log,
    observers: operation.visits,
    routes: operation.routes,
    ...parts,
  });
  return startServer({ listener: gateway, host, port }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new StartError(`Cannot listen on ${host}:${port} (${code}). Set HOST and PORT to a free address.`);
  });
}
