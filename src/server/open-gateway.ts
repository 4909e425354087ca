import type { Config } from '../config/config.ts';
import { createGateway, type GatewayOptions } from '../gateway.ts';
import { StartError } from '../observability/start-error.ts';
import { graphiqlFor } from './graphiql-options.ts';
import { type RunningServer, startServer } from './listen.ts';
import type { Observability } from './open-observability.ts';

export type GatewayParts = Pick<GatewayOptions, 'transport' | 'persisted' | 'isReady' | 'credentials'>;

/** The first requests go first. */
const WARM_UP_AFTER_MS = 1_000;

/** Listens with the gateway that is configured. @throws StartError */
export async function openGateway(
  config: Config,
  { log, requests, live, routes }: Observability,
  parts: GatewayParts,
): Promise<RunningServer> {
  const { host, port, writeTimeoutMs } = config;
  const gateway = createGateway({
    timeouts: config.timeouts,
    operationTimeoutMs: config.operationTimeoutMs,
    readOnly: config.readOnly,
    compression: config.compression,
    persisted: config.persisted,
    limits: config.limits,
    liveLimits: config.live,
    maxBodyBytes: config.maxBodyBytes,
    maxBodiesBytes: config.maxBodiesBytes,
    corsOrigins: config.corsOrigins,
    graphiql: config.graphiql ? graphiqlFor(config) : undefined,
    log,
    observers: requests,
    liveObserver: live,
    routes,
    ...parts,
  });
  const server = await startServer({
    listener: gateway,
    upgrade: gateway.upgrade,
    host,
    port,
    writeTimeoutMs,
  }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new StartError(`Cannot listen on ${host}:${port} (${code}). Set HOST and PORT to a free address.`);
  });
  setTimeout(() => void gateway.warmUp(), WARM_UP_AFTER_MS).unref();
  return {
    ...server,
    drain(graceMs) {
      gateway.endStreams();
      return server.drain(graceMs);
    },
  };
}
