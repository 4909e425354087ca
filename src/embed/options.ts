import { isMap } from 'node:util/types';
import type { Credentials } from '../callers/identify.ts';
import { VARIABLES } from '../config/env-variables.ts';
import {
  type Kind,
  listOf,
  objectOf,
  problemsOf,
  required,
  textLike,
  trueOrFalse,
  withMethod,
} from '../config/kinds.ts';
import { count, duration } from '../config/text-kinds.ts';
import type { GatewayOptions } from '../gateway-options.ts';
import type { GraphiQLPageOptions } from '../http/graphiql-options.ts';
import type { Timeouts } from '../luaauth/api.ts';
import type { LiveObserver, OnlineObserver } from '../observability/observers.ts';
import type { RequestObserver } from '../observability/request-record.ts';
import type { Limits, LiveLimits } from '../plan/limits.ts';
import type { Observer } from '../transport/observer.ts';
import type { TransportOptions } from '../transport/transport.ts';

export type EmbeddedTransportOptions = Partial<
  Omit<TransportOptions, 'url' | 'connections' | 'maxBodyBytes' | 'clock' | 'today' | 'random'>
> & {
  /** Base URL of the REST API, such as `https://api.luaauth.com`. Its path is kept. */
  readonly url: string | URL;
};

export type EmbeddedGatewayOptions = Pick<GatewayOptions, 'transport'> &
  Partial<
    Omit<GatewayOptions, 'features' | 'pages' | 'maxBodiesBytes' | 'limits' | 'liveLimits' | 'timeouts'>
  > & {
    readonly timeouts?: Partial<Timeouts> | undefined;
    /** Limits of one request that differ from the defaults. `Infinity` means no limit. */
    readonly limits?: Partial<Limits> | undefined;
    /** Limits of live data that differ from the defaults. */
    readonly liveLimits?: Partial<LiveLimits> | undefined;
  };

/** Undefined counts as not given. */
export function withDefaults<Defaults extends object, Given extends object>(
  byDefault: Defaults,
  given?: Given,
) {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...byDefault, ...Object.fromEntries(entries) } as Defaults & Given;
}

const anObject: Kind = { has: (value) => typeof value === 'object' && value !== null, allowed: 'an object' };
const aFunction: Kind = { has: (value) => typeof value === 'function', allowed: 'a function' };
const objects: Kind = { has: Array.isArray, allowed: 'a list of objects', items: anObject };

/** An object with some of these methods. A misspelt method would never be called. */
function observerOf<Name extends string>(methods: Readonly<Record<Name, true>>): Kind {
  const kinds = Object.keys(methods).map((name) => [name, { ...aFunction, allowed: 'a method' }] as const);
  return objectOf(Object.fromEntries(kinds));
}

const REQUEST_OBSERVER = observerOf<keyof RequestObserver>({
  began: true,
  running: true,
  wrote: true,
  ended: true,
});
const TRANSPORT_OBSERVER = observerOf<keyof Observer>({
  queued: true,
  requested: true,
  retried: true,
  answered: true,
  breakerChanged: true,
  coordinationChanged: true,
});
const LIVE_OBSERVER = observerOf<keyof LiveObserver>({ counted: true, polled: true, delivered: true });
const ONLINE_OBSERVER = observerOf<keyof OnlineObserver>({ sampled: true, failed: true });

const TRANSPORT_OPTIONS = objectOf({
  url: required(VARIABLES.LUAAUTH_API_URL),
  userAgent: textLike(/^[\x20-\x7e]{1,200}$/, '1 to 200 visible ASCII characters'),
  rate: VARIABLES.LUAAUTH_RATE,
  totalRate: VARIABLES.LUAAUTH_TOTAL_RATE,
  freshMs: VARIABLES.FRESH_MS,
  freshMsFor: VARIABLES.CACHE_TTL,
  staleMs: VARIABLES.STALE_MS,
  state: { ...anObject, allowed: 'what openStateInRedis returns' },
  observer: {
    ...anObject,
    allowed: 'an observer, or a list of observers',
    problem: (given) =>
      [given]
        .flat()
        .flatMap((one, index) =>
          problemsOf(Array.isArray(given) ? `[${index}]` : '', one, TRANSPORT_OBSERVER),
        )[0],
  },
  log: withMethod('error', 'an object with the method error'),
} satisfies Record<keyof EmbeddedTransportOptions, Kind>);

const GATEWAY_OPTIONS = objectOf({
  transport: required(withMethod('ask', 'what createTransport returns')),
  timeouts: objectOf({ read: VARIABLES.LUAAUTH_TIMEOUT_MS, write: duration(1, 250_000) }),
  operationTimeoutMs: VARIABLES.OPERATION_TIMEOUT_MS,
  credentials: objectOf({
    heldKey: VARIABLES.LUAAUTH_TOKEN,
    gatewayKeys: VARIABLES.GATEWAY_KEYS,
    keyRing: withMethod('find', 'an object with the method find, awaited if it is made later'),
    tokenVerifier: withMethod('verify', 'an object with the method verify, awaited if it is made later'),
  } satisfies Record<keyof Credentials, Kind>),
  readOnly: trueOrFalse,
  subgraphScopes: trueOrFalse,
  graphiql: objectOf({
    tabs: required({
      has: (value) => typeof value === 'function' || (Array.isArray(value) && value.length > 0),
      allowed: 'a list of one or more tabs, or a function that makes it of the documents of the page',
    }),
    credential: anObject,
    note: required(textLike(/^/, 'a text')),
  } satisfies Record<keyof GraphiQLPageOptions, Kind>),
  persisted: objectOf({
    mode: required(VARIABLES.PERSISTED_DOCUMENTS),
    listed: required({ has: isMap, allowed: 'a Map of documents by id' }),
  }),
  limits: objectOf({
    depth: VARIABLES.MAX_DEPTH,
    restCalls: VARIABLES.MAX_REST_CALLS,
    answerObjects: VARIABLES.MAX_ANSWER_OBJECTS,
    answerBytes: VARIABLES.MAX_ANSWER_BYTES,
  } satisfies Record<keyof Limits, Kind>),
  liveLimits: objectOf({
    rate: VARIABLES.LIVE_RATE,
    maxSessions: count(1, 10_000),
    maxStreams: count(1, 100_000),
    maxScripts: count(1, 10_000),
    maxLifetimeMs: duration(1_000, 86_400_000),
  } satisfies Record<keyof LiveLimits, Kind>),
  liveObserver: LIVE_OBSERVER,
  metricsScripts: VARIABLES.METRICS_SCRIPTS,
  onlineObserver: ONLINE_OBSERVER,
  users: withMethod('get', 'a Map of lists of licence keys by Discord id, or an object with its method get'),
  isReady: aFunction,
  path: textLike(/^(?:\/[\w.-]+)*\/graphql$/, 'a path that ends in /graphql, such as /api/graphql'),
  maxBodyBytes: VARIABLES.MAX_BODY_BYTES,
  compression: trueOrFalse,
  corsOrigins: VARIABLES.CORS_ORIGINS,
  hosts: listOf(textLike(/^[\w.:*-]+$/, 'a host name, or * for every name'), 100, 'host names'),
  trustedProxy: VARIABLES.TRUSTED_PROXY,
  log: withMethod('error', 'an object with the method error'),
  observers: { ...objects, items: REQUEST_OBSERVER },
  plugins: objects,
  openAgents: aFunction,
} satisfies Record<keyof EmbeddedGatewayOptions, Kind>);

/** @throws TypeError that lists every problem: the option, the value, what is allowed */
export function checkTransportOptions(options: EmbeddedTransportOptions | undefined): void {
  refuse('createTransport', problemsOf('', options ?? {}, TRANSPORT_OPTIONS));
}

/** @throws TypeError that lists every problem: the option, the value, what is allowed */
export function checkGatewayOptions(options: EmbeddedGatewayOptions | undefined): void {
  const problems = problemsOf('', options ?? {}, GATEWAY_OPTIONS);
  if (problems.length === 0) problems.push(...findUnprotected(options?.credentials ?? {}));
  if (options?.users && options.credentials?.heldKey === undefined)
    problems.push(
      'users: given without credentials.heldKey, so no caller could use it. Give heldKey, or leave users out.',
    );
  refuse('createGateway', problems);
}

function refuse(maker: string, problems: readonly string[]): void {
  if (problems.length > 0)
    throw new TypeError(`${maker} cannot take its options.\n  ${problems.join('\n  ')}`);
}

/** Gateway keys of callers would be sent to LuaAuth. */
function findUnprotected({ heldKey, gatewayKeys = [], keyRing, tokenVerifier }: Credentials): string[] {
  const given = { keyRing, tokenVerifier, gatewayKeys: gatewayKeys.length > 0 || undefined };
  const names = Object.entries(given).filter(([, value]) => heldKey === undefined && value !== undefined);
  return names.map(
    ([name]) =>
      `credentials.${name}: given without heldKey, so it would protect nothing. Give heldKey, or leave ${name} out.`,
  );
}
