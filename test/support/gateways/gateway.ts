import { setMaxListeners } from 'node:events';
import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';
import { Agent } from 'undici';
import { defaults } from '../../../src/config/config.ts';
import { type EmbeddedGatewayOptions, withDefaults } from '../../../src/embed/options.ts';
import * as features from '../../../src/features/gateway-features.ts';
import { createGateway } from '../../../src/gateway.ts';
import type { GatewayOptions } from '../../../src/gateway-options.ts';
import { createCors } from '../../../src/http/guards.ts';
import type { Ask } from '../../../src/luaauth/api.ts';
import { type ServerOptions, startServer } from '../../../src/server/listen.ts';
import { createTransport, type TransportOptions } from '../../../src/transport/transport.ts';

/** Options of a gateway with the defaults of the command line, except for what a test gives. */
export type GivenOptions = Partial<Omit<GatewayOptions, 'limits' | 'liveLimits'>> &
  Pick<EmbeddedGatewayOptions, 'limits' | 'liveLimits'>;

/** Adds the defaults of the command line. */
export function withGatewayDefaults<Given extends GivenOptions>({ limits, liveLimits, ...given }: Given) {
  const { operationTimeoutMs, maxBodyBytes } = defaults;
  return {
    operationTimeoutMs,
    maxBodyBytes,
    timeouts: { read: 5_000, write: 5_000 },
    credentials: {},
    features,
    limits: withDefaults(defaults.limits, limits),
    liveLimits: withDefaults(defaults.live, liveLimits),
    ...given,
  };
}

export interface TestGatewayOptions extends Omit<GivenOptions, 'transport' | 'log'> {
  /** Base URL of what plays the REST API. */
  readonly upstream: string;
  readonly transport?: Partial<TransportOptions>;
  /** Wraps the calls to the REST API, as a feature of the process does. */
  readonly wrapAsk?: (ask: Ask) => Ask;
  /** Time limits of the HTTP server. */
  readonly server?: Partial<ServerOptions>;
}

/** An answer as a client sees it. */
export interface Result<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Data | null;
  readonly errors?: ResultError[];
  readonly extensions?: Record<string, unknown>;
}

export interface ResultError {
  readonly message: string;
  readonly path?: (string | number)[];
  readonly locations?: { line: number; column: number }[];
  readonly extensions: Record<string, unknown> & { code: string };
}

/** Starts the gateway on a real port; tests enter through its HTTP surface and look at what reached `upstream`. */
export async function openGateway({
  upstream,
  transport: transportOptions,
  server: serverOptions,
  wrapAsk = (ask) => ask,
  ...options
}: TestGatewayOptions) {
  const transport = createTransport({
    url: new URL(upstream),
    userAgent: 'luaauth-graphql/test',
    ...transportOptions,
  });
  const logged: unknown[] = [];
  const log = { error: (error: unknown) => logged.push(error) };
  const wrapped = { ...transport, ask: wrapAsk(transport.ask) };
  const gateway = createGateway(withGatewayDefaults({ transport: wrapped, log, ...options }));
  const server = await startServer({
    listener: gateway,
    upgrade: gateway.upgrade,
    isAccepted: gateway.isAccepted,
    cors: createCors(options.corsOrigins ?? []),
    host: '127.0.0.1',
    port: 0,
    ...serverOptions,
  });

  // A third of what the global fetch takes, whose body is a web stream. It asks for no compression.
  const client = new Agent();

  /** POSTs an operation as JSON with the sandbox's key, unless the headers say otherwise. */
  async function execute<Data, Variables>(
    document: string | TadaDocumentNode<Data, Variables>,
    variables?: Variables,
    headers: Record<string, string> = { token: 'sandbox-key' },
    signal?: AbortSignal,
  ): Promise<Result<Data>> {
    const query = typeof document === 'string' ? document : print(document);
    // Many operations may have one in common.
    if (signal) setMaxListeners(0, signal);
    const response = await client.request({
      origin: server.url,
      path: '/graphql',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    const fields = Object.entries(response.headers).flatMap(([name, values = []]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    );
    return {
      status: response.statusCode,
      headers: new Headers(fields),
      ...((await response.body.json()) as object),
    };
  }

  return {
    url: server.url,
    execute,
    /** The gateway as its embedders call it, without a server. */
    fetch: gateway.fetch,
    /** Ends the server as SIGTERM does; `close` afterwards does no harm. */
    drain: server.drain,
    endStreams: gateway.endStreams,
    /** Errors that the gateway logged as unexpected. */
    logged,
    async close() {
      gateway.endStreams();
      await server.drain(0);
      await transport.close();
      await client.destroy();
    },
  };
}

export type TestGateway = Awaited<ReturnType<typeof openGateway>>;
