import type { RequestListener } from 'node:http';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Credentials, createIdentify, isKeyForAll } from './callers/identify.ts';
import { type Context, type ContextOptions, createContext } from './context.ts';
import { execute as executeCompiled } from './execution/execute.ts';
import { createGraphiQL, type GraphiQLPageOptions } from './graphiql/page.ts';
import { BodyBudget, DEFAULT_MAX_BODIES_BYTES } from './http/body-budget.ts';
import { createCompress } from './http/compression.ts';
import { createCors } from './http/cors.ts';
import { deferYogaDoor } from './http/deferred-yoga-door.ts';
import { createHostCheck } from './http/host-check.ts';
import { createNodeDoor } from './http/node-door.ts';
import { createOriginCheck } from './http/origin-check.ts';
import { DEFAULT_MAX_BODY_BYTES } from './http/read-body.ts';
import { createRequestListener } from './http/request-listener.ts';
import { createRoutes } from './http/routes.ts';
import { createSocketUpgrade, type Upgrade } from './http/websocket/socket-upgrade.ts';
import type { Fetch } from './http/yoga-door.ts';
import { defaultLimits, type Limits } from './limits/limits.ts';
import { createLive, type LiveObserver } from './live/live.ts';
import { defaultLiveLimits, type LiveLimits } from './live/live-limits.ts';
import {
  createRequestTracker,
  type GatewayLog,
  type RequestObserver,
} from './observability/request-record.ts';
import { createDocumentCache } from './operation/document-cache.ts';
import { createEnvelopEngine } from './operation/envelop-engine.ts';
import { createDocumentResolver, type PersistedDocuments } from './operation/persisted/resolve.ts';
import { createEngine, createPipeline } from './operation/pipeline.ts';
import { createSchema } from './schema/index.ts';

export type { GatewayLog } from './observability/request-record.ts';

export interface GatewayOptions extends Omit<ContextOptions, 'live'> {
  readonly credentials: Credentials;
  /** Leaves the mutations out of the schema. */
  readonly readOnly?: boolean;
  /** The GraphiQL page for browsers at `/graphql`; undefined: none. */
  readonly graphiql?: GraphiQLPageOptions | undefined;
  /** Documents that can be asked for by id. By default clients can register theirs, as Apollo's do, and send any. */
  readonly persisted?: PersistedDocuments;
  /** What one request may ask for, where it differs from the default. */
  readonly limits?: Partial<Limits>;
  /** What live data may take, where it differs from the default. */
  readonly liveLimits?: Partial<LiveLimits>;
  readonly liveObserver?: LiveObserver | undefined;
  /** What `/readiness` answers; without it the gateway is always ready. */
  readonly isReady?: () => boolean;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes?: number;
  /** Bytes of all request bodies at a time: those that arrive, and those whose operations run. */
  readonly maxBodiesBytes?: number;
  /** Compresses answers to queries of 1 kB and more for clients that ask for it; true by default. */
  readonly compression?: boolean;
  /** The origins whose pages may read answers (CORS); `*` stands for every origin. None by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  /**
   * The host names to answer to, beside those of the loopback address, when the gateway holds a key and asks for no
   * gateway key. `*` stands for every name: for where something in front knows who asks, and from which page.
   */
  readonly hosts?: readonly string[];
  readonly log: GatewayLog;
  /** Receive each request: a log of operations, metrics, tracing. */
  readonly observers?: readonly RequestObserver[];
  /** Plugins that answer at paths of their own. */
  readonly routes?: readonly Plugin<Context>[];
  /** Further plugins for Yoga. With any, every request goes in by Yoga, which several times as many need not. */
  readonly plugins?: readonly Plugin<Context>[];
  /** Runs operations in the place of the gateway's own executor, such as graphql's `execute`. */
  readonly execute?: (args: ExecutionArgs) => ExecutionResult | PromiseLike<ExecutionResult>;
}

/** The gateway as a fetch handler and a `node:http` request listener. It never listens itself. */
export type Gateway = RequestListener & {
  readonly fetch: Fetch;
  /** Takes WebSockets: for the `upgrade` event of a `node:http` server. */
  readonly upgrade: Upgrade;
  /**
   * Loads what the first GET, stream, preflight or page needs and an operation by POST does not, so that this request need
   * not wait for it.
   */
  warmUp(): Promise<void>;
  /**
   * Ends every stream, once its subscriber has what is known, and every WebSocket after its operations: to be called before
   * the gateway goes. It takes no further WebSocket.
   */
  endStreams(): void;
};

/** Who registers what changes nothing but the size of later requests, so it is safe to begin with. */
const REGISTERED_ONLY: PersistedDocuments = { mode: 'allowed', listed: new Map() };

/** Puts the gateway together. Takes what it stands on, and listens to nothing. */
export function createGateway(options: GatewayOptions): Gateway {
  const { isReady = () => true, graphiql, log, readOnly = false, execute = executeCompiled } = options;
  const { observers = [], routes = [], plugins = [], persisted = REGISTERED_ONLY } = options;
  const { maxBodiesBytes = DEFAULT_MAX_BODIES_BYTES } = options;
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, corsOrigins = [], hosts = [] } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const schema = createSchema({ readOnly });
  const tracker = createRequestTracker(observers, log);
  const documents = createDocumentCache({ schema, limits });
  const resolveDocument = createDocumentResolver({
    ...persisted,
    maxLength: limits.documentLength,
    registered: options.transport.state.documents,
  });
  const live = createLive({
    transport: options.transport,
    timeouts: options.timeouts,
    limits: { ...defaultLiveLimits, ...options.liveLimits },
    observer: options.liveObserver,
  });
  const pipeline = createPipeline({
    schema,
    limits,
    documents,
    resolveDocument,
    identify: createIdentify(options.credentials),
    contextFor: createContext({ ...options, live }),
    tracker,
  });
  const checkHost = createHostCheck({
    hosts: isKeyForAll(options.credentials) ? hosts : ['*'],
    origins: corsOrigins,
  });
  // Nobody's body can ever be larger than all may be.
  const reading = {
    bodies: new BodyBudget(maxBodiesBytes),
    maxBodyBytes: Math.min(maxBodyBytes, maxBodiesBytes),
  };
  const compress = options.compression === false ? () => undefined : createCompress();
  const engine = createEngine(execute);
  const envelop = createEnvelopEngine({ schema, limits, documents, execute });
  const clock = options.transport.clock;
  const yoga = deferYogaDoor({
    schema,
    pipeline,
    tracker,
    checkHost,
    compress,
    clock,
    ...reading,
    engineFor: ({ getEnveloped }, context) =>
      plugins.length > 0 ? envelop.createEngine(getEnveloped, context) : engine,
    plugins: [
      ...(corsOrigins.length > 0 ? [createCors({ origins: corsOrigins })] : []),
      ...(graphiql ? [createGraphiQL(graphiql)] : []),
      ...routes,
      ...(plugins.length > 0 ? [envelop.plugin, ...plugins] : []),
      createRoutes({ isReady }),
    ],
  });
  // With CORS every answer says something about its origin, and plugins see every request.
  const isForYoga = corsOrigins.length + plugins.length > 0;
  const door = isForYoga
    ? yoga.door
    : createNodeDoor({ pipeline, engine, compress, ...reading, otherwise: yoga.door });
  const sockets = createSocketUpgrade({
    pipeline,
    tracker,
    checkHost,
    checkOrigin: createOriginCheck(corsOrigins),
    clock,
    ...reading,
    engineFor: plugins.length > 0 ? yoga.engineForSocket : () => engine,
  });
  return Object.assign(createRequestListener(tracker, checkHost, door), {
    fetch: yoga.fetch,
    warmUp: yoga.warmUp,
    upgrade: sockets.upgrade,
    endStreams() {
      live.endAll();
      sockets.end();
    },
  });
}
