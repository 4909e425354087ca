import type { RequestListener } from 'node:http';
import type { GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { type Context, type ContextOptions, createContext } from './context.ts';
import { createAttempts } from './express/attempt.ts';
import { broughtAlong, createExpressLane } from './express/lane.ts';
import { createGraphiQL, type GraphiQLPageOptions } from './graphiql.ts';
import { createCommonHeaders } from './http/common-headers.ts';
import { createCors } from './http/cors.ts';
import { createFront } from './http/front.ts';
import { createGetGuard } from './http/preflight.ts';
import { DEFAULT_MAX_BODY_BYTES } from './http/read-body.ts';
import { REQUEST_ID, requestIdOf } from './http/request-id.ts';
import { createRequestParser } from './http/request-parser.ts';
import { createRoutes } from './http/routes.ts';
import { createDocumentCache } from './limits/document-cache.ts';
import { defaultLimits, type Limits } from './limits/limits.ts';
import { createLimits } from './limits/plugin.ts';
import { createVisitFront } from './operation/front.ts';
import { createMasks, type GatewayLog } from './operation/masks.ts';
import { createPhaseTimer } from './operation/phase-timer.ts';
import { createResultHook, createVisitPlugin } from './operation/plugin.ts';
import { createVisits, type VisitObserver } from './operation/visit.ts';
import { createDocumentResolver, type PersistedDocuments } from './persisted/resolve.ts';
import { createReport } from './report.ts';
import { createExecutor } from './schema/executor.ts';
import { createSchema } from './schema/index.ts';
import { createVariableCheck } from './variables.ts';

export type { GatewayLog } from './operation/masks.ts';

export interface GatewayOptions extends ContextOptions {
  /** Leaves the mutations out of the schema. */
  readonly readOnly?: boolean;
  /** The GraphiQL page for browsers at `/graphql`; undefined: none. */
  readonly graphiql?: GraphiQLPageOptions | undefined;
  /** Documents that can be asked for by id. By default clients can register theirs, as Apollo's do, and send any. */
  readonly persisted?: PersistedDocuments;
  /** What one request may ask for, where it differs from the default. */
  readonly limits?: Partial<Limits>;
  /** What `/readiness` answers; without it the gateway is always ready. */
  readonly isReady?: () => boolean;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes?: number;
  /** The origins whose pages may read answers (CORS); `*` stands for every origin. None by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  readonly log: GatewayLog;
  /** Who is told of each request: a log of operations, metrics, tracing. */
  readonly observers?: readonly VisitObserver[];
  /** Plugins that answer at paths of their own. */
  readonly routes?: readonly Plugin<Context>[];
  /** Further plugins for Yoga. With any, all operations go through Yoga, which is several times slower than the express lane. */
  readonly plugins?: readonly Plugin<Context>[];
}

/** The gateway as a fetch handler and a `node:http` request listener. It never listens itself. */
export type Gateway = ReturnType<typeof createGateway>;

/** Who registers what changes nothing but the size of later requests, so it is safe to begin with. */
const REGISTERED_ONLY: PersistedDocuments = { mode: 'allowed', listed: new Map() };

const MASKED = 'Something went wrong in the gateway.';

export function createGateway(options: GatewayOptions) {
  const { isReady = () => true, graphiql, log, readOnly = false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, corsOrigins = [] } = options;
  const { persisted = REGISTERED_ONLY } = options;
  const contextFor = createContext(options);
  const resolveDocument = createDocumentResolver({ ...persisted, maxLength: limits.documentLength });
  const { observers = [], routes = [], plugins = [] } = options;
  const visits = createVisits(observers);
  const masks = createMasks(log);
  const onResult = createResultHook(visits, masks);
  const onError = (error: unknown) => ({ errors: [masks.mask(error, MASKED) as GraphQLError] });
  const schema = createSchema({ readOnly });
  const documents = createDocumentCache();
  const yoga = createYoga<object, Context>({
    schema,
    context: (initial) => broughtAlong(initial) ?? contextFor(initial.request),
    // The routes refuse what is no operation's path.
    graphqlEndpoint: '/graphql{/*}?',
    // Ours answers instead. Yoga's takes every URL that ends in this, and no URL has a space in it.
    healthCheckEndpoint: ' ',
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    // The request parser counts what it reads; Yoga's limiter halves the throughput.
    maxRequestBodySize: false,
    maskedErrors: { maskError: masks.mask, isDev: false, errorMessage: MASKED },
    logging: { debug() {}, info() {}, warn() {}, error: masks.tell },
    parserAndValidationCache: documents,
    plugins: [
      createExecutor(),
      createVisitPlugin(visits, onResult),
      ...(visits.usesPhases ? [createPhaseTimer(visits)] : []),
      createVariableCheck(),
      // Before the limits: a plan may be asked for of what is too expensive to run.
      createReport(limits),
      createLimits(limits),
      createCommonHeaders(),
      ...(corsOrigins.length > 0 ? [createCors({ origins: corsOrigins })] : []),
      ...(graphiql ? [createGraphiQL(graphiql)] : []),
      ...routes,
      ...plugins,
      createRoutes({ isReady }),
      createRequestParser({ maxBodyBytes, resolveDocument }),
      createGetGuard(),
    ],
  });
  const attempts = createAttempts({ schema, limits, visits, parsed: documents.documentCache });
  const general: RequestListener = (request, response) => {
    const id = requestIdOf(response);
    if (id !== undefined) response.setHeader(REQUEST_ID, id);
    return yoga(request, response);
  };
  const lane = {
    yoga,
    general,
    attempts,
    maxBodyBytes,
    resolveDocument,
    contextFor,
    onError,
    onResult,
  };
  // With CORS every answer says something about its origin, which is Yoga's to work out.
  const listener = corsOrigins.length + plugins.length > 0 ? general : createExpressLane(lane);
  return Object.assign(createVisitFront(visits, createFront(listener)), { fetch: yoga.fetch });
}
