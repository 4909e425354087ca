import { createYoga, useReadinessCheck } from 'graphql-yoga';
import { type ContextOptions, createContext } from './context.ts';
import { isExpected, maskError } from './errors.ts';
import { createGraphiQL, type GraphiQLPageOptions } from './graphiql.ts';
import { createDocumentCache } from './limits/document-cache.ts';
import { defaultLimits, type Limits } from './limits/limits.ts';
import { createLimits } from './limits/plugin.ts';
import { createReport } from './report.ts';
import { createSchema } from './schema/index.ts';

export interface GatewayOptions extends ContextOptions {
  /** Leaves the mutations out of the schema. */
  readonly readOnly?: boolean;
  /** The GraphiQL page for browsers at `/graphql`; undefined: none. */
  readonly graphiql?: GraphiQLPageOptions | undefined;
  /** What one request may ask for, where it differs from the default. */
  readonly limits?: Partial<Limits>;
  /** What `/readiness` answers; without it the gateway is always ready. */
  readonly isReady?: () => boolean;
  readonly log: GatewayLog;
}

/** Where the gateway tells of what nobody expects. */
export interface GatewayLog {
  error(error: unknown): void;
}

/** The gateway as a fetch handler and a `node:http` request listener. It never listens itself. */
export type Gateway = ReturnType<typeof createGateway>;

export function createGateway(options: GatewayOptions) {
  const { isReady = () => true, graphiql, limits, log, readOnly = false } = options;
  const contextFor = createContext(options);
  return createYoga({
    schema: createSchema({ readOnly }),
    context: ({ request }) => contextFor(request),
    graphqlEndpoint: '/graphql',
    healthCheckEndpoint: '/health',
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    maskedErrors: { maskError, isDev: false, errorMessage: 'Something went wrong in the gateway.' },
    logging: {
      debug() {},
      info() {},
      warn() {},
      error: (error: unknown) => {
        if (!isExpected(error)) log.error(error);
      },
    },
    parserAndValidationCache: createDocumentCache(),
    plugins: [
      createLimits({ ...defaultLimits, ...limits }),
      createReport(),
      useReadinessCheck({ endpoint: '/readiness', check: isReady }),
      ...(graphiql ? [createGraphiQL(graphiql)] : []),
    ],
  });
}
