import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createGateway, createTransport } from '../../../../dist/index.js';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import {
  type GatewayProcess,
  startProcess,
  type Variables,
} from '../../../../test/support/processes/process.ts';

export { sandboxKeys } from '../../../../src/features/sandbox/keys.ts';
export { seeded } from '../../../../src/features/sandbox/seed-data.ts';

/** The gateway's own process in front of a sandbox, for all tests of a file. Reads are never answered from copies. */
export function useGateway(variables: Variables = {}) {
  let gateway: GatewayProcess;
  const fixture = {
    sandbox: {} as Sandbox,
    /** Where operations go. */
    url: '',
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
  };
  beforeAll(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    gateway = startProcess({
      PORT: '0',
      LOG_LEVEL: 'silent',
      LUAAUTH_API_URL: fixture.sandbox.url,
      LUAAUTH_RATE: '0',
      FRESH_MS: '0',
      STALE_MS: '0',
      ...variables,
    });
    fixture.url = `${await gateway.listening()}/graphql`;
  });
  beforeEach(() => fixture.sandbox.reset());
  afterAll(async () => {
    await gateway.kill();
    await fixture.sandbox.close();
  });
  return fixture;
}

/** A gateway in this process that completes a stream after this time, in front of a sandbox. */
export function useShortStreams(maxLifetimeMs: number) {
  let server: Server;
  const fixture = {
    sandbox: {} as Sandbox,
    url: '',
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
  };
  beforeAll(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    const transport = createTransport({ url: fixture.sandbox.url, rate: 0, freshMs: 0, staleMs: 0 });
    const gateway = createGateway({ transport, liveLimits: { maxLifetimeMs } });
    server = createServer(gateway).listen(0, '127.0.0.1');
    server.on('upgrade', gateway.upgrade);
    await once(server, 'listening');
    fixture.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  });
  beforeEach(() => fixture.sandbox.reset());
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await fixture.sandbox.close();
  });
  return fixture;
}
