import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { createPlaceOf } from './callers/client-place.ts';
import { type Credentials, createIdentify, isKeyForAll, watchAccepted } from './callers/identify.ts';
import { defaults, withDefaults } from './config/config.ts';
import { type Context, type ContextOptions, createContext, type Live } from './context.ts';
import { execute as executeCompiled } from './execution/execute.ts';
import type { AdapterParts, OpenAgents, SocketHooks, SocketUpgrade } from './http/adapter.ts';
import { boundedByHeap, createBodyBudget } from './http/client-body.ts';
import { createCompress } from './http/compression.ts';
import type { GraphiQLPageOptions } from './http/graphiql-options.ts';
import { createCors, createHostCheck, createOriginCheck } from './http/guards.ts';
import { createHttpSteps } from './http/http-steps.ts';
import { createRequestListener } from './http/node.ts';
import { createRoutes, type HttpRoute } from './http/routes.ts';
import { refuseUpgrade, type Upgrade } from './http/upgrade.ts';
import { createYogaAdapter, type Fetch } from './http/yoga.ts';
import type { Timeouts } from './luaauth/api.ts';
import type { LiveObserver } from './observability/live-observer.ts';
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
import { createEnvelopHooks } from './operation/envelop-hooks.ts';
import { createPipeline, endWithRefusedKey } from './operation/pipeline.ts';
import type { Limits, LiveLimits } from './plan/limits.ts';
import { createSchema } from './schema/index.ts';
import type { Documents } from './state/port.ts';
import type { Transport } from './transport/transport.ts';

export type { GatewayLog } from './observability/request-record.ts';

/** The features of a gateway. It works without any of them. */
export interface GatewayFeatures {
  readonly federation?: { withFederation(schema: GraphQLSchema): GraphQLSchema };
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
  readonly persisted?: {
    createDocumentResolver(
      options: PersistedDocuments & { readonly maxLength: number; readonly registered: Documents },
    ): DocumentResolver;
  };
  readonly websocket?: {
    createSocketUpgrade(parts: AdapterParts & { readonly hooksFor: SocketHooks }): SocketUpgrade;
  };
}

export interface GatewayOptions
  extends Omit<
    ContextOptions,
    'placeOf' | 'live' | 'wasAccepted' | 'operationTimeoutMs' | 'maxReceivedBytes'
  > {
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs?: number | undefined;
  readonly credentials: Credentials;
  readonly features?: GatewayFeatures | undefined;
  /** Leaves the mutations out of the schema. */
  readonly readOnly?: boolean;
  /** The GraphiQL page for browsers at `/graphql`; undefined: none. */
  readonly graphiql?: GraphiQLPageOptions | undefined;
  /** Documents that can be asked for by id. By default clients can register theirs, as Apollo's do, and send any. */
  readonly persisted?: PersistedDocuments;
  /** Limits of one request, where they differ from the default. */
  readonly limits?: Partial<Limits>;
  /** Limits of live data, where they differ from the default. */
  readonly liveLimits?: Partial<LiveLimits>;
  readonly liveObserver?: LiveObserver | undefined;
  /**
   * The answer of `/readiness`, at once or within 5 seconds; without it the gateway is always ready. Anything but `true`
   * counts as not ready, a failure as well.
   */
  readonly isReady?: () => boolean | PromiseLike<boolean>;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes?: number;
  /**
   * Bytes of all request bodies at a time: those that arrive, and what running operations keep of theirs. Never more than a
   * sixteenth of the limit of V8's heap.
   */
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
  /**
   * The header in which a proxy in front says who its client is, such as `x-forwarded-for`: its last address counts. Clients with keys
   * that LuaAuth has not accepted yet take turns by it; by default by the address of the connection.
   */
  readonly trustedProxy?: string | undefined;
  readonly log: GatewayLog;
  /** Receive each request: a log of operations, metrics, tracing. */
  readonly observers?: readonly RequestObserver[];
  /** Answer at paths of their own. */
  readonly pages?: readonly HttpRoute[];
  /**
   * Further plugins for Yoga, be they typed for another context. Yoga then makes the Fetch API's requests and responses, which
   * several times as many operations a second do without.
   */
  readonly plugins?: readonly (Plugin<Context> | object)[];
  /** Opens the way for agents, at `/mcp`. */
  readonly openAgents?: OpenAgents | undefined;
  /** Runs operations in the place of the gateway's own executor, such as graphql's `execute`. */
  readonly execute?: (args: ExecutionArgs) => ExecutionResult | PromiseLike<ExecutionResult>;
}

/** The gateway as a fetch handler and a `node:http` request listener. It never listens itself. */
export type Gateway = RequestListener & {
  readonly fetch: Fetch;
  /** Takes WebSockets: for the `upgrade` event of a `node:http` server. */
  readonly upgrade: Upgrade;
  /** Whether a connection has sent an accepted credential. A server with too many connections closes others first. */
  readonly isAccepted: (socket: Socket) => boolean;
  /** From now on these are the listed documents. @throws StartError for one that can be no tool: those of before stay */
  replaceDocuments(listed: ListedDocuments): void;
  /**
   * Ends every stream, once its subscriber has what is known, and every WebSocket after its operations: to be called before
   * the gateway goes. It takes no further WebSocket.
   */
  endStreams(): void;
};

/** Registering changes nothing but the size of later requests, so it is safe to begin with. */
const REGISTERED_ONLY: PersistedDocuments = { mode: 'allowed', listed: new Map() };

/** The answers of LuaAuth hold more than the fields that are selected of them. */
const RECEIVED_PER_ANSWER = 4;

/** Puts the gateway together. Takes what it stands on, and listens to nothing. */
export function createGateway(options: GatewayOptions): Gateway {
  const { isReady = () => true, log, readOnly = false, features = {} } = options;
  const { operationTimeoutMs = defaults.operationTimeoutMs } = options;
  const { observers = [], pages = [], plugins = [], graphiql } = options;
  const maxBodiesBytes = boundedByHeap(options.maxBodiesBytes ?? defaults.maxBodiesBytes);
  const { maxBodyBytes = defaults.maxBodyBytes, corsOrigins = [], hosts = [] } = options;
  const limits = withDefaults(defaults.limits, options.limits);
  const { clock } = options.transport;
  const schema = createSchema({ readOnly, ...features });
  const tracker = createRequestTracker(observers, log);
  const documents = createDocumentCache({ schema, limits });
  const documentResolver = openDocuments(features, options, limits);
  const live = features.live?.createLive({
    transport: options.transport,
    timeouts: options.timeouts,
    limits: withDefaults(defaults.live, options.liveLimits),
    observer: options.liveObserver,
    onUnexpected: tracker.unexpected,
  });
  const { identify, wasAccepted, isAccepted } = watchAccepted(
    options.credentials,
    createIdentify(options.credentials, clock),
    options.transport,
  );
  const executor = options.execute ?? executeCompiled;
  const execute = options.transport.limitsUnknown ? endWithRefusedKey(executor) : executor;
  const pipeline = createPipeline({
    schema,
    limits,
    documents,
    persisted: documentResolver,
    identify,
    wasAccepted,
    execute,
    contextFor: createContext({
      ...options,
      operationTimeoutMs,
      maxReceivedBytes: RECEIVED_PER_ANSWER * limits.answerBytes,
      live,
      wasAccepted,
      placeOf: createPlaceOf(options.trustedProxy),
    }),
    tracker,
    clock,
  });
  const checkHost = createHostCheck(isKeyForAll(options.credentials) ? hosts : ['*'], corsOrigins);
  // Nobody's body can ever be larger than all may be.
  const bodies = {
    openLease: createBodyBudget(maxBodiesBytes, wasAccepted),
    maxBodyBytes: Math.min(maxBodyBytes, maxBodiesBytes),
  };
  const steps = createHttpSteps({
    pipeline,
    compress: options.compression === false ? () => undefined : createCompress(),
    clock,
    ...bodies,
    pages: [...(graphiql ? [needed(features, 'graphiql').createGraphiQL(graphiql)] : []), ...pages],
    route: createRoutes({ isReady, onUnexpected: tracker.unexpected, clock }),
    cors: createCors(corsOrigins),
  });
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
    cors: steps.cors,
    clock,
    rateLimit: (account) => options.transport.rateLimit(account),
    ...bodies,
  };
  const agents = options.openAgents?.(parts);
  const envelop = plugins.length > 0 ? createEnvelopHooks({ schema, limits, documents, execute }) : undefined;
  const yoga = createYogaAdapter({
    schema,
    steps,
    pipeline,
    tracker,
    checkHost,
    hooksFor: envelop?.hooksFor,
    agents: agents?.answer,
    plugins: envelop ? [envelop.plugin, ...plugins] : [],
  });
  const sockets = features.websocket?.createSocketUpgrade({
    ...parts,
    hooksFor: envelop && yoga.hooksForSocket,
  });
  return Object.assign(createRequestListener(tracker, checkHost, yoga.answer), {
    fetch: yoga.fetch,
    upgrade: sockets?.upgrade ?? refuseUpgrade,
    isAccepted,
    replaceDocuments(listed: ListedDocuments) {
      agents?.replace(listed);
      documentResolver.replace(listed);
    },
    endStreams() {
      live?.endAll();
      sockets?.end();
    },
  });
}

/** Documents by their ids, or none where the gateway lacks the feature. @throws Error for an option that needs it */
function openDocuments(
  features: GatewayFeatures,
  { persisted = REGISTERED_ONLY, transport }: GatewayOptions,
  { documentLength: maxLength }: Limits,
): DocumentResolver {
  const isAsked = persisted.mode === 'only' || persisted.listed.size > 0;
  const { createDocumentResolver } = isAsked ? needed(features, 'persisted') : (features.persisted ?? {});
  return (
    createDocumentResolver?.({ ...persisted, maxLength, registered: transport.state.documents }) ??
    sentDocuments
  );
}

/** @throws Error where this build lacks the feature that an option asks for */
function needed<Name extends keyof GatewayFeatures>(features: GatewayFeatures, name: Name) {
  const feature = features[name];
  if (feature !== undefined) return feature as NonNullable<GatewayFeatures[Name]>;
  throw new Error(`The option ${name} needs the feature ${name}, which is not installed in this build.`);
}
