import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Credentials } from './callers/identify.ts';
import type { UserTable } from './callers/user-table.ts';
import type { ContextOptions, Live, Online } from './context.ts';
import type { OpenAgents, SocketDoor, SocketUpgrade } from './http/doors.ts';
import type { ExecuteHere } from './http/execute-here.ts';
import type { GraphiQLPageOptions } from './http/graphiql-options.ts';
import type { Upgrade } from './http/node.ts';
import type { Compress } from './http/respond.ts';
import type { HttpRoute } from './http/routes.ts';
import type { Fetch } from './http/yoga.ts';
import type { Timeouts } from './luaauth/api.ts';
import type { LiveObserver, OnlineObserver } from './observability/observers.ts';
import type { GatewayLog, RequestObserver } from './observability/request-record.ts';
import type { DocumentResolver, PersistedDocuments } from './operation/document-resolver.ts';
import type { Limits, LiveLimits } from './plan/limits.ts';
import type { Transport } from './transport/transport.ts';

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
    createSocketUpgrade(door: SocketDoor): SocketUpgrade;
  };
}

export interface GatewayOptions
  extends Pick<ContextOptions, 'transport' | 'timeouts' | 'operationTimeoutMs'> {
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
   * The most bytes of all request bodies at a time: arriving bodies, and bodies that running operations still hold. A single
   * body may have half of them. By default a part of the heap.
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
  readonly plugins?: readonly (Plugin | object)[];
  /** Serves MCP at `/mcp`. */
  readonly openAgents?: OpenAgents | undefined;
}

/** The gateway as a fetch handler and as a request listener of `node:http`. It never listens itself. */
export type Gateway = RequestListener & {
  readonly fetch: Fetch;
  readonly execute: ExecuteHere;
  /** Accepts WebSockets: a listener for the `upgrade` event of a `node:http` server. */
  readonly upgrade: Upgrade;
  /** Whether the connection has sent an accepted credential. A server with too many connections closes the other ones first. */
  readonly isAccepted: (socket: Socket) => boolean;
  /**
   * Ends every stream after its pending events, and every WebSocket after its operations. Refuses further WebSockets.
   * Call it before closing the server.
   */
  endStreams(): void;
};
