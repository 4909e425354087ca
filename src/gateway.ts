import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Credentials, createIdentify, isKeyForAll, watchAccepted } from './callers/identify.ts';
import { defaults, withDefaults } from './config/config.ts';
import { type Context, type ContextOptions, createContext } from './context.ts';
import { execute as executeCompiled } from './execution/execute.ts';
import type { OpenAgents } from './features/agents/open-agents.ts';
import { createGraphiQL, type GraphiQLPageOptions } from './features/graphiql/page.ts';
import { createLive, type LiveLimits, type LiveObserver } from './features/live/live.ts';
import {
  createDocumentResolver,
  type ListedDocuments,
  type PersistedDocuments,
} from './features/persisted/resolve.ts';
import { createSocketUpgrade, type Upgrade } from './features/websocket/socket-upgrade.ts';
import { boundedByHeap, createBodyBudget } from './http/client-body.ts';
import { createCompress } from './http/compression.ts';
import { createCors, createHostCheck, createOriginCheck } from './http/guards.ts';
import { createHttpSteps } from './http/http-steps.ts';
import { createRequestListener } from './http/node.ts';
import { createRoutes, type HttpRoute } from './http/routes.ts';
import { createYogaAdapter, type Fetch } from './http/yoga.ts';
import {
  createRequestTracker,
  type GatewayLog,
  type RequestObserver,
} from './observability/request-record.ts';
import { createDocumentCache } from './operation/document-cache.ts';
import { createEnvelopHooks } from './operation/envelop-hooks.ts';
import { createPipeline, endWithRefusedKey } from './operation/pipeline.ts';
import type { Limits } from './plan/limits.ts';
import { createSchema } from './schema/index.ts';

export type { GatewayLog } from './observability/request-record.ts';

export interface GatewayOptions
  extends Omit<ContextOptions, 'live' | 'wasAccepted' | 'operationTimeoutMs' | 'maxReceivedBytes'> {
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs?: number | undefined;
  readonly credentials: Credentials;
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
  const { isReady = () => true, graphiql, log, readOnly = false } = options;
  const { operationTimeoutMs = defaults.operationTimeoutMs } = options;
  const { observers = [], pages = [], plugins = [], persisted = REGISTERED_ONLY } = options;
  const maxBodiesBytes = boundedByHeap(options.maxBodiesBytes ?? defaults.maxBodiesBytes);
  const { maxBodyBytes = defaults.maxBodyBytes, corsOrigins = [], hosts = [] } = options;
  const limits = withDefaults(defaults.limits, options.limits);
  const { clock } = options.transport;
  const schema = createSchema({ readOnly });
  const tracker = createRequestTracker(observers, log);
  const documents = createDocumentCache({ schema, limits });
  const documentResolver = createDocumentResolver({
    ...persisted,
    maxLength: limits.documentLength,
    registered: options.transport.state.documents,
  });
  const live = createLive({
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
    pages: [...(graphiql ? [createGraphiQL(graphiql)] : []), ...pages],
    route: createRoutes({ isReady, onUnexpected: tracker.unexpected, clock }),
    cors: createCors(corsOrigins),
  });
  const checkOrigin = createOriginCheck(corsOrigins);
  const agents = options.openAgents?.({
    schema,
    documents,
    limits,
    pipeline,
    tracker,
    identify,
    checkOrigin,
    cors: steps.cors,
    clock,
    rateLimit: (account) => options.transport.rateLimit(account),
    ...bodies,
  });
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
  const sockets = createSocketUpgrade({
    pipeline,
    tracker,
    checkHost,
    checkOrigin,
    clock,
    ...bodies,
    hooksFor: envelop && yoga.hooksForSocket,
  });
  return Object.assign(createRequestListener(tracker, checkHost, yoga.answer), {
    fetch: yoga.fetch,
    upgrade: sockets.upgrade,
    isAccepted,
    replaceDocuments(listed: ListedDocuments) {
      agents?.replace(listed);
      documentResolver.replace(listed);
    },
    endStreams() {
      live.endAll();
      sockets.end();
    },
  });
}
