import { createClientOf } from './callers/client-name.ts';
import { createPlaceOf } from './callers/client-place.ts';
import { createIdentify, isKeyForAll, watchAccepted } from './callers/identify.ts';
import { createContext } from './context.ts';
import { Memory, mostBodyBytes } from './gate/memory.ts';
import { Turns } from './gate/turns.ts';
import type { Gateway, GatewayFeatures, GatewayOptions } from './gateway-options.ts';
import { createOwnPath, OPERATION_PATH } from './http/address.ts';
import type { Door } from './http/doors.ts';
import { createExecuteHere } from './http/execute-here.ts';
import { createCors, createHostCheck, createOriginCheck } from './http/guards.ts';
import { createRequestListener } from './http/node.ts';
import { createRoutes } from './http/routes.ts';
import { createYogaAdapter } from './http/yoga.ts';
import { createRequestTracker } from './observability/request-record.ts';
import { createDocumentCache } from './operation/document-cache.ts';
import {
  type DocumentResolver,
  type PersistedDocuments,
  sentDocuments,
} from './operation/document-resolver.ts';
import { createPipeline } from './operation/pipeline.ts';
import { createSchema } from './schema/index.ts';

/** Registering a document changes nothing except the size of later requests, so it is on by default. */
const REGISTERED_ONLY: PersistedDocuments = { mode: 'allowed', listed: new Map() };

/** Answers of LuaAuth hold more fields than an operation selects. */
const RECEIVED_PER_ANSWER = 4;

/** Puts the gateway together from its parts, in the order in which a request meets them. Opens no port. */
export function createGateway(options: GatewayOptions): Gateway {
  const { transport, credentials, limits, log, observers = [], features = {} } = options;
  const { path = OPERATION_PATH, hosts = [], corsOrigins = [], trustedProxy } = options;
  const {
    maxBodyBytes,
    maxBodiesBytes = mostBodyBytes(),
    readOnly = false,
    subgraphScopes = false,
  } = options;
  const { pages = [], plugins = [], graphiql, isReady = () => true } = options;
  const { clock } = transport;

  // A request is noted, and the head tells whether it may go on.
  const tracker = createRequestTracker(observers, log);
  const onUnexpected = tracker.unexpected;
  const ownPath = createOwnPath(path);
  const checkHost = createHostCheck(isKeyForAll(credentials) ? hosts : ['*'], corsOrigins);
  const checkOrigin = createOriginCheck(corsOrigins);
  const cors = createCors(corsOrigins);

  // The key tells who takes turns at the gate, which has the memory of the body.
  const identifyAny = createIdentify(credentials, transport.trust);
  const { identify, wasAccepted, isAccepted } = watchAccepted(credentials, identifyAny, transport);
  const clientOf = createClientOf(credentials, wasAccepted, trustedProxy);
  const turns = new Turns(clientOf, maxBodiesBytes);
  const memory = new Memory(clientOf, turns, maxBodiesBytes);

  // The document is found, parsed and checked.
  const persisted = openDocuments(features, options);
  const schema = createSchema({ readOnly, subgraphScopes, ...features });
  const documents = createDocumentCache({ schema, limits });

  // Resolvers see the API of LuaAuth, what is polled, and the operator's table.
  const { timeouts, liveLimits, liveObserver: observer } = options;
  const live = features.live?.createLive({ transport, timeouts, limits: liveLimits, observer, onUnexpected });
  const online = options.metricsScripts?.length
    ? needed(features, 'online').createOnline({ ...options, live, onUnexpected })
    : undefined;
  // The table belongs to the account of the held key, so it is not for callers with other accounts.
  const users = credentials.heldKey === undefined ? undefined : options.users;
  const maxReceivedBytes = RECEIVED_PER_ANSWER * limits.answerBytes;
  const placeOf = createPlaceOf(trustedProxy);
  const contextFor = createContext({ ...options, maxReceivedBytes, live, online, users, placeOf });

  const pipeline = createPipeline({
    turns,
    identify,
    wasAccepted,
    persisted,
    documents,
    limits,
    users,
    contextFor,
    tracker,
    clock,
  });

  const door: Door = {
    pipeline,
    tracker,
    memory,
    // A single body has room while the half that is free for all is free.
    maxBodyBytes: Math.min(maxBodyBytes, maxBodiesBytes / 2),
    clock,
  };
  const rateLimit = (account: string) => transport.rateLimit(account);
  const yoga = createYogaAdapter({
    ...door,
    schema,
    path,
    ownPath,
    checkHost,
    cors,
    compress: options.compression === false ? undefined : features.compression?.createCompress(),
    agents: options.openAgents?.({
      ...door,
      identify,
      turns,
      schema,
      documents,
      limits,
      checkOrigin,
      cors,
      rateLimit,
    }),
    routes: [
      ...(graphiql ? [needed(features, 'graphiql').createGraphiQL(graphiql)] : []),
      ...pages,
      createRoutes({ path, isReady, onUnexpected, clock }),
    ],
    plugins,
  });
  const sockets = features.websocket?.createSocketUpgrade({
    ...door,
    path,
    ownPath,
    checkHost,
    checkOrigin,
    trustedProxy,
  });

  return Object.assign(createRequestListener(tracker, ownPath, yoga.answer), {
    fetch: yoga.fetch,
    execute: createExecuteHere(door),
    upgrade: sockets?.upgrade ?? ((_request, socket) => void socket.destroy()),
    isAccepted,
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
