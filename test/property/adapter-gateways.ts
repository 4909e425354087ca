import type { Plugin } from 'graphql-yoga';
import { Pool } from 'undici';
import type { Context } from '../../src/context.ts';
import { createGateway } from '../../src/gateway.ts';
import type { GatewayOptions } from '../../src/gateway-options.ts';
import { hashOf } from '../../src/operation/document-id.ts';
import { startServer } from '../../src/server/listen.ts';
import { type GivenOptions, withGatewayDefaults } from '../support/gateways/gateway.ts';
import type { Adapter, AdapterRequest } from './adapters.ts';

/** All that a client can see of an answer. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Does nothing at each step that a plugin can wrap. */
const harmless: Plugin<Context> = {
  onRequest: () => undefined,
  onRequestParse: () => ({ onRequestParseDone() {} }),
  onParams: () => undefined,
  onResultProcess: () => undefined,
  onResponse: () => undefined,
};

/** Starts a gateway of each kind. */
export async function openAdapterGateways(transport: GatewayOptions['transport']) {
  const logged: unknown[] = [];
  const listed = new Map<string, string>();
  const log = { error: (error: unknown) => logged.push(error) };
  const open = (options: GivenOptions = {}) =>
    openGateway(withGatewayDefaults({ transport, log, ...options }));
  const gateways = {
    reference: await open(),
    plain: await open({ persisted: { mode: 'allowed', listed } }),
    plugin: await open({ plugins: [harmless] }),
  };
  return {
    /** Errors that the gateways logged as unexpected. */
    logged,
    /** Registers a document by its hash, even an invalid one, which clients cannot do. */
    list(document: string): void {
      listed.set(hashOf(document), document);
    },
    /** Sends a request to the gateway behind an adapter. */
    send: ({ gateway, byFetch }: Adapter, request: AdapterRequest, key: string) => {
      const withKey = { ...request, headers: { ...request.headers, token: key } };
      return byFetch ? gateways[gateway].fetch(withKey) : gateways[gateway].send(withKey);
    },
    close: () => Promise.all(Object.values(gateways).map((gateway) => gateway.close())),
  };
}

async function openGateway(options: GatewayOptions) {
  const gateway = createGateway(options);
  const server = await startServer({
    listener: gateway,
    upgrade: gateway.upgrade,
    host: '127.0.0.1',
    port: 0,
    writeTimeoutMs: 30_000,
  });
  const pool = new Pool(server.url, { connections: 1 });
  return {
    async send({ target, ...request }: AdapterRequest): Promise<Answer> {
      const { statusCode, headers, body } = await pool.request({ path: target, ...request });
      return asSent(statusCode, headers, await body.text());
    },
    async fetch({ target, ...request }: AdapterRequest): Promise<Answer> {
      const response = await gateway.fetch(`http://gateway${target}`, {
        ...request,
        body: request.body ?? null,
      });
      // Yoga's own Headers keep the case in which a name was written.
      const headers = [...response.headers].map(([name, value]) => [name.toLowerCase(), value]);
      return asSent(response.status, Object.fromEntries(headers), await response.text());
    },
    async close() {
      await pool.close();
      await server.drain(0);
    },
  };
}

/** Removes values that depend on the moment or the connection. Checks that a length matches the body. */
function asSent(status: number, given: Readonly<Record<string, unknown>>, body: string): Answer {
  const {
    date: _date,
    connection: _connection,
    'keep-alive': _alive,
    'content-length': length,
    ...headers
  } = given;
  const wrongLength = length !== undefined && Number(length) !== Buffer.byteLength(body);
  return { status, headers: wrongLength ? { ...headers, 'content-length': length } : headers, body };
}
