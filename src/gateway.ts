import { createClientNameOf } from './callers/client-name.ts';
import { createPlaceOf } from './callers/client-place.ts';
import { createIdentify, isKeyForAll, watchAccepted } from './callers/identify.ts';
import { createContext } from './context.ts';
import { createGate } from './gate/gate.ts';
import { mostBodyBytes } from './gate/memory.ts';
import type { Gateway, GatewayFeatures, GatewayOptions } from './gateway-options.ts';
import type { AdapterParts } from './http/adapter.ts';
import { createOwnPath, OPERATION_PATH } from './http/address.ts';
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

/** Puts the gateway together from its parts. Opens no port. */
export function createGateway(options: GatewayOptions): Gateway {
  const { isReady = () => true, log, readOnly = false, subgraphScopes = false, features = {} } = options;
  const { observers = [], pages = [], plugins = [], graphiql } = options;
  const { limits, maxBodyBytes, maxBodiesBytes = mostBodyBytes(), corsOrigins = [], hosts = [] } = options;
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
  const { path = OPERATION_PATH } = options;
  const ownPath = createOwnPath(path);
  const parts: AdapterParts = {
    schema,
    documents,
    limits,
    pipeline,
    tracker,
    identify,
    checkHost: createHostCheck(isKeyForAll(options.credentials) ? hosts : ['*'], corsOrigins),
    checkOrigin: createOriginCheck(corsOrigins),
    cors: createCors(corsOrigins),
    path,
    ownPath,
    clock,
    rateLimit: (account) => options.transport.rateLimit(account),
    trustedProxy: options.trustedProxy,
    reserveBody: (request, headBytes = 0) => gate.reserve(clientNameOf(request), headBytes),
    // No single body may exceed the memory of all bodies.
    maxBodyBytes: Math.min(maxBodyBytes, maxBodiesBytes),
  };
  const yoga = createYogaAdapter({
    ...parts,
    compress: options.compression === false ? undefined : features.compression?.createCompress(),
    agents: options.openAgents?.(parts),
    routes: [
      ...(graphiql ? [needed(features, 'graphiql').createGraphiQL(graphiql)] : []),
      ...pages,
      createRoutes({ path, isReady, onUnexpected: tracker.unexpected, clock }),
    ],
    plugins,
  });
  const sockets = features.websocket?.createSocketUpgrade(parts);
  return Object.assign(createRequestListener(tracker, ownPath, yoga.answer), {
    fetch: yoga.fetch,
    execute: createExecuteHere(parts),
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
