import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { createClientNameOf } from './callers/client-name.ts';
import { createPlaceOf } from './callers/client-place.ts';
import { type Credentials, createIdentify, isKeyForAll, watchAccepted } from './callers/identify.ts';
import type { UserTable } from './callers/user-table.ts';
import type { ClientRequest } from './client-request.ts';
import { type Context, type ContextOptions, createContext, type Live, type Online } from './context.ts';
import { type Execute, execute } from './execution/execute.ts';
import { createGate } from './gate/gate.ts';
import { mostBodyBytes } from './gate/memory.ts';
import type { AdapterParts, OpenAgents, SocketUpgrade } from './http/adapter.ts';
import { createOwnPath, OPERATION_PATH } from './http/address.ts';
import type { GraphiQLPageOptions } from './http/graphiql-options.ts';
import { createCors, createHostCheck, createOriginCheck } from './http/guards.ts';
import { createRequestListener } from './http/node.ts';
import { createReadParams } from './http/read-params.ts';
import { createRoutes, type HttpRoute } from './http/routes.ts';
import { refuseUpgrade, type Upgrade } from './http/upgrade.ts';
import { type Compress, createWriteResult } from './http/write-result.ts';
import { createYogaAdapter, type Fetch } from './http/yoga.ts';
import type { Timeouts } from './luaauth/api.ts';
import type { LiveObserver } from './observability/live-observer.ts';
import type { OnlineObserver } from './observability/online-observer.ts';
import {
  createRequestTracker,
  type GatewayLog,
  type RequestObserver,
} from './observability/request-record.ts';
import { createDocumentCache } from './operation/document-cache.ts';
import {
  type DocumentResolver,
  type ListedDocuments,
  type PersistedDocuments,
  sentDocuments,
} from './operation/document-resolver.ts';
import { createPipeline } from './operation/pipeline.ts';
import type { Limits, LiveLimits } from './plan/limits.ts';
import { createSchema } from './schema/index.ts';
import type { Transport } from './transport/transport.ts';

export type { GatewayLog } from './observability/request-record.ts';

/** The gateway works without any of these features. */
export interface GatewayFeatures {
  readonly compression?: { createCompress(): Compress };
  readonly federation?: { withFederation(schema: GraphQLSchema, showsScopes: boolean): GraphQLSchema };
  readonly graphiql?: { createGraphiQL(options: GraphiQLPageOptions): HttpRoute };
  readonly live?: {
    createLive(options: {
      readonly transport: Pick<Transport, 'ask' | 'clock' | 'state'>;
      readonly timeouts: Timeouts;
      readonly limits: LiveLimits;
      readonly observer?: LiveObserver | undefined;
      readonly onUnexpected: (error: unknown) => void;
    }): Live;
  };
  readonly online?: {
    createOnline(
      options: Pick<GatewayOptions, 'transport' | 'credentials' | 'metricsScripts' | 'onlineObserver'> & {
        readonly live: Live | undefined;
        readonly onUnexpected: (error: unknown) => void;
      },
    ): Online;
  };
  readonly persisted?: {
    createDocumentResolver(options: PersistedDocuments): DocumentResolver;
  };
  readonly websocket?: {
    createSocketUpgrade(parts: AdapterParts): SocketUpgrade;
  };
}

export interface GatewayOptions
  extends Omit<
    ContextOptions,
    'placeOf' | 'live' | 'online' | 'users' | 'operationTimeoutMs' | 'maxReceivedBytes'
  > {
  /** The time limit of a whole operation. */
  readonly operationTimeoutMs: number;
  readonly credentials: Credentials;
  readonly features?: GatewayFeatures | undefined;
  /** Leaves the mutations out of the schema. */
  readonly readOnly?: boolean;
  /** Whether the subgraph's SDL carries `@authenticated` and `@requiresScopes`, for routers that check the scopes of tokens. */
  readonly subgraphScopes?: boolean;
  /** The GraphiQL page, shown to browsers at `/graphql`. No page by default. */
  readonly graphiql?: GraphiQLPageOptions | undefined;
  /**
   * Documents that clients can run by id. By default clients can register documents, as Apollo clients do, and can send
   * any.
   */
  readonly persisted?: PersistedDocuments;
  readonly limits: Limits;
  readonly liveLimits: LiveLimits;
  readonly liveObserver?: LiveObserver | undefined;
  /** The ids of scripts whose connected users are counted once a minute. Needs `credentials.heldKey`, the key of the polls. */
  readonly metricsScripts?: readonly string[] | undefined;
  readonly onlineObserver?: OnlineObserver | undefined;
  /**
   * The licence keys of Discord ids, for `usersByDiscordId`: a `Map`, or an object with its method `get`. The table may
   * change. Needs `credentials.heldKey`. Without it the field is an error.
   */
  readonly users?: UserTable | undefined;
  /**
   * Decides the answer of `/readiness`, within 5 seconds. Anything but `true`, and any error, counts as not ready.
   * Without this option the gateway is always ready.
   */
  readonly isReady?: () => boolean | PromiseLike<boolean>;
  /**
   * Where operations arrive, if the gateway is not alone: a path that ends in `/graphql`, such as `/api/graphql`. The
   * gateway's other paths are beside it. `/graphql` by default.
   */
  readonly path?: string | undefined;
  /** The largest request body. */
  readonly maxBodyBytes: number;
  /**
   * The most bytes of all request bodies at a time: arriving bodies, and bodies that running operations still hold. 64 MB by
   * default, and at most a sixteenth of the limit of V8's heap.
   */
  readonly maxBodiesBytes?: number;
  /** Compresses answers of 1 kB and more to clients that accept it. True by default. */
  readonly compression?: boolean;
  /** The origins whose pages may read answers (CORS); `*` allows every origin. None by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  /**
   * Host names that the gateway answers to, besides the loopback address. Checked only if the gateway holds a
   * key and asks for no gateway key. `*` allows every name: use it behind a proxy that checks callers and origins.
   */
  readonly hosts?: readonly string[];
  /**
   * The header in which a proxy names its client, such as `x-forwarded-for`; its last address counts. Clients whose
   * keys LuaAuth has not accepted yet take turns by this address. By default they take turns by the address of the
   * connection.
   */
  readonly trustedProxy?: string | undefined;
  readonly log: GatewayLog;
  /** Called with each request: the log of operations, metrics, tracing. */
  readonly observers?: readonly RequestObserver[];
  /** Pages at further paths. */
  readonly pages?: readonly HttpRoute[];
  /**
   * Further plugins for Yoga, of any context type, with its hooks of HTTP. A plugin with another hook is refused, since the
   * gateway parses, checks, prices and executes operations itself: `observers` see them.
   */
  readonly plugins?: readonly (Plugin<Context> | object)[];
  /** Serves MCP at `/mcp`. */
  readonly openAgents?: OpenAgents | undefined;
  /** Replaces the gateway's own executor, for example by the `execute` of graphql. */
  readonly execute?: Execute;
}

/** The gateway as a fetch handler and as a request listener of `node:http`. It never listens itself. */
export type Gateway = RequestListener & {
  readonly fetch: Fetch;
  /** Accepts WebSockets: a listener for the `upgrade` event of a `node:http` server. */
  readonly upgrade: Upgrade;
  /** Whether the connection has sent an accepted credential. A server with too many connections closes the other ones first. */
  readonly isAccepted: (socket: Socket) => boolean;
  /** Replaces the listed documents. @throws StartError if a document cannot be a tool; the previous documents stay. */
  replaceDocuments(listed: ListedDocuments): void;
  /**
   * Ends every stream after its pending events, and every WebSocket after its operations. Refuses further WebSockets.
   * Call it before closing the server.
   */
  endStreams(): void;
};

/** Registering a document changes nothing except the size of later requests, so it is on by default. */
const REGISTERED_ONLY: PersistedDocuments = { mode: 'allowed', listed: new Map() };

/** Answers of LuaAuth hold more fields than an operation selects. */
const RECEIVED_PER_ANSWER = 4;

/** Puts the gateway together from its parts. Opens no port. */
export function createGateway(options: GatewayOptions): Gateway {
  const { isReady = () => true, log, readOnly = false, subgraphScopes = false, features = {} } = options;
  const { observers = [], pages = [], plugins = [], graphiql } = options;
  const { limits, maxBodyBytes, corsOrigins = [], hosts = [] } = options;
  const { clock } = options.transport;
  const schema = createSchema({ readOnly, subgraphScopes, ...features });
  const tracker = createRequestTracker(observers, log);
  const documents = createDocumentCache({ schema, limits });
  const documentResolver = openDocuments(features, options);
  const live = features.live?.createLive({
    transport: options.transport,
    timeouts: options.timeouts,
    limits: options.liveLimits,
    observer: options.liveObserver,
    onUnexpected: tracker.unexpected,
  });
  const online = options.metricsScripts?.length
    ? needed(features, 'online').createOnline({ ...options, live, onUnexpected: tracker.unexpected })
    : undefined;
  const { identify, wasAccepted, isAccepted } = watchAccepted(
    options.credentials,
    createIdentify(options.credentials, options.transport.trust),
    options.transport,
  );
  // The table belongs to the account of the held key, so it is not for callers with other accounts.
  const users = options.credentials.heldKey === undefined ? undefined : options.users;
  const maxBodiesBytes = Math.min(options.maxBodiesBytes ?? Number.POSITIVE_INFINITY, mostBodyBytes());
  const gate = createGate(maxBodiesBytes);
  const clientNameOf = createClientNameOf(options.credentials, wasAccepted, options.trustedProxy);
  const pipeline = createPipeline({
    schema,
    limits,
    documents,
    persisted: documentResolver,
    identify,
    wasAccepted,
    gate,
    clientNameOf,
    execute: options.execute ?? execute,
    users,
    contextFor: createContext({
      ...options,
      maxReceivedBytes: RECEIVED_PER_ANSWER * limits.answerBytes,
      live,
      online,
      users,
      placeOf: createPlaceOf(options.trustedProxy),
    }),
    tracker,
    clock,
  });
  const checkHost = createHostCheck(isKeyForAll(options.credentials) ? hosts : ['*'], corsOrigins);
  // No single body may exceed the memory of all bodies.
  const bodies = {
    reserveBody: (request: ClientRequest, headBytes = 0) => gate.reserve(clientNameOf(request), headBytes),
    maxBodyBytes: Math.min(maxBodyBytes, maxBodiesBytes),
  };
  const { path = OPERATION_PATH } = options;
  const ownPath = createOwnPath(path);
  const cors = createCors(corsOrigins);
  const checkOrigin = createOriginCheck(corsOrigins);
  const parts: AdapterParts = {
    schema,
    documents,
    limits,
    pipeline,
    tracker,
    identify,
    checkHost,
    checkOrigin,
    cors,
    ownPath,
    clock,
    rateLimit: (account) => options.transport.rateLimit(account),
    trustedProxy: options.trustedProxy,
    ...bodies,
  };
  const agents = options.openAgents?.(parts);
  const yoga = createYogaAdapter({
    schema,
    pipeline,
    tracker,
    checkHost,
    cors,
    path,
    ownPath,
    readParams: createReadParams(bodies),
    writeResult: createWriteResult({
      pipeline,
      compress: options.compression === false ? undefined : features.compression?.createCompress(),
      clock,
    }),
    agents: agents?.answer,
    routes: [
      ...(graphiql ? [needed(features, 'graphiql').createGraphiQL(graphiql)] : []),
      ...pages,
      createRoutes({ isReady, onUnexpected: tracker.unexpected, clock }),
    ],
    plugins,
  });
  const sockets = features.websocket?.createSocketUpgrade(parts);
  return Object.assign(createRequestListener(tracker, checkHost, ownPath, yoga.answer), {
    fetch: yoga.fetch,
    upgrade: sockets?.upgrade ?? refuseUpgrade,
    isAccepted,
    replaceDocuments(listed: ListedDocuments) {
      agents?.replace(listed);
      documentResolver.replace(listed);
    },
    endStreams() {
      online?.end();
      live?.endAll();
      sockets?.end();
    },
  });
}

/** Opens the documents that clients run by id. @throws Error if an option needs the feature `persisted` and it is missing. */
function openDocuments(
  features: GatewayFeatures,
  { persisted = REGISTERED_ONLY }: GatewayOptions,
): DocumentResolver {
  const needsIds = persisted.mode === 'only' || persisted.listed.size > 0;
  const { createDocumentResolver } = needsIds ? needed(features, 'persisted') : (features.persisted ?? {});
  return createDocumentResolver?.(persisted) ?? sentDocuments;
}

/** @throws Error if an option needs a feature that this build lacks. */
function needed<Name extends keyof GatewayFeatures>(features: GatewayFeatures, name: Name) {
  const feature = features[name];
  if (feature !== undefined) return feature as NonNullable<GatewayFeatures[Name]>;
  throw new Error(`The option ${name} needs the feature ${name}, which is not installed in this build.`);
}
