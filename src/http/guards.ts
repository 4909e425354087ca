import type { GraphQLError, OperationTypeNode } from 'graphql';
import type { ClientRequest } from '../client-request.ts';
import { requestError } from '../errors/coded-error.ts';
import { isLoopback, isProbe } from './address.ts';
import { type AcceptedTypes, MAX_ACCEPT_LENGTH } from './negotiation.ts';
import { type HttpResponse, REQUEST_ID } from './response.ts';

/** Headers that a browser sets and a page cannot choose, and the path. */
interface SiteOfRequest {
  /** The host with its port. A client without it is no browser. */
  readonly host: string | undefined;
  readonly origin: string | null | undefined;
  readonly path: string | undefined;
}

export type HostCheck = (request: SiteOfRequest) => GraphQLError | undefined;

/**
 * Protects a gateway that uses its own key for every client. By DNS rebinding, a page's host name can resolve to this
 * machine, and browsers then treat the gateway as the same origin. But the page cannot choose another host name. `hosts`
 * are further names to answer to, or `*` for every name; pages of `origins` are allowed on any host.
 */
export function createHostCheck(hosts: readonly string[], origins: readonly string[]): HostCheck {
  if (hosts.includes('*')) return () => undefined;
  // An empty name would match texts that are no URL.
  const named = hosts.filter((name) => name !== '').map((name) => name.toLowerCase());
  const isKnown = (hostname: string) =>
    isLoopback(hostname) || hostname.endsWith('.localhost') || named.includes(hostname);
  const isAllowedOrigin = (origin: string) => origins.includes(origin) || isKnown(hostnameOf(origin));
  return ({ host, origin, path }) => {
    if (isProbe(path)) return undefined;
    if (host !== undefined && !isKnown(hostnameOf(`http://${host}`))) return HOST_NOT_ALLOWED;
    return typeof origin !== 'string' || isAllowedOrigin(origin) ? undefined : HOST_NOT_ALLOWED;
  };
}

/** The host name for comparison: lower case, without port. Empty if the text is no URL, such as the origin `null`. */
function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

const HOST_NOT_ALLOWED = requestError(
  'HOST_NOT_ALLOWED',
  403,
  'This gateway uses its own LuaAuth key for every client. So it answers to loopback names only, such as localhost and 127.0.0.1, and to no page of another host. Use such a name, or set GATEWAY_KEYS and present one of these keys.',
);

export type OriginCheck = (request: Pick<SiteOfRequest, 'host' | 'origin'>) => GraphQLError | undefined;

/** Browsers let every page connect by WebSocket, and only send its origin. A client without an origin is no page. */
export function createOriginCheck(origins: readonly string[]): OriginCheck {
  if (origins.includes('*')) return () => undefined;
  return ({ host, origin }) => {
    if (typeof origin !== 'string' || origins.includes(origin)) return undefined;
    const isOwnHost = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
    return isOwnHost ? undefined : ORIGIN_NOT_ALLOWED;
  };
}

const ORIGIN_NOT_ALLOWED = requestError(
  'ORIGIN_NOT_ALLOWED',
  403,
  'This gateway accepts no WebSocket and no MCP from pages of this origin. Add the origin to CORS_ORIGINS.',
);

/** Yoga splits the whole header for each result. @throws BAD_REQUEST */
export function checkAcceptLength(accept: string | null): void {
  if (accept !== null && accept.length > MAX_ACCEPT_LENGTH) throw ACCEPT_TOO_LONG;
}

const ACCEPT_TOO_LONG = requestError(
  'BAD_REQUEST',
  431,
  `The accept header has more than ${MAX_ACCEPT_LENGTH} characters, the most that this gateway reads. Accept application/graphql-response+json or application/json.`,
);

/** @throws NOT_ACCEPTABLE */
export function checkAccept({ answer, stream }: AcceptedTypes): void {
  if (!answer && !stream) throw NOT_ACCEPTABLE;
}

const NOT_ACCEPTABLE = requestError(
  'NOT_ACCEPTABLE',
  406,
  'The accept header allows no media type of this gateway. Accept application/graphql-response+json or application/json.',
);

/** The content type of JSON in UTF-8. A list of types is refused: browsers and servers read it differently. */
const JSON_TYPE = /^\s*application\/json\s*(;\s*charset\s*=\s*"?(utf-?8|us-ascii)"?\s*)?(;\s*)?$/i;

/** Accepts JSON only, because any web page can send forms and plain text. @throws UNSUPPORTED_MEDIA_TYPE */
export function checkContentType(contentType: string | null, contentEncoding: string | null): void {
  const given = contentType ?? '';
  const isJson = JSON_TYPE.test(given);
  if (isJson && /^(?:identity)?$/i.test(contentEncoding ?? '')) return;
  throw requestError(
    'UNSUPPORTED_MEDIA_TYPE',
    415,
    isJson
      ? 'A compressed request body is not supported. Send it without content-encoding.'
      : `${given === '' ? 'The request has no content type' : `The content type ${JSON.stringify(given.slice(0, 60))} is not supported`}. Send the operation as JSON with the header "content-type: application/json".`,
  );
}

/** A page of another origin can send these only after a CORS preflight, which this gateway denies. Only the first is ours. */
const PREFLIGHT_HEADERS = [
  'x-graphql-csrf',
  'graphql-require-preflight',
  'x-graphql-yoga-csrf',
  'apollo-require-preflight',
  'x-apollo-operation-name',
] as const;

export const OPERATION_METHODS: readonly string[] = ['GET', 'POST'];

/**
 * Checks whether the method may carry the operation. Refuses a mutation by GET, and a query by GET that another origin's
 * page could send without a preflight (CSRF). A POST is safe because of its content type application/json.
 * @throws BAD_REQUEST, CSRF_PREVENTED
 */
export function checkMethod(operation: OperationTypeNode, request: ClientRequest): void {
  if (request.method !== 'GET') return;
  if (operation === 'mutation') throw MUTATION_BY_GET;
  if (!isPreflighted(request)) throw UNGUARDED_GET;
}

/** A key also proves a preflight. In `authorization` only Bearer does, because browsers send other schemes by themselves. */
function isPreflighted(request: ClientRequest): boolean {
  return (
    JSON_TYPE.test(request.header('content-type') ?? '') ||
    Boolean(request.header('token')) ||
    /^Bearer +\S/i.test(request.header('authorization') ?? '') ||
    PREFLIGHT_HEADERS.some((name) => Boolean(request.header(name)))
  );
}

const MUTATION_BY_GET = requestError(
  'BAD_REQUEST',
  405,
  'Can only perform a mutation operation from a POST request.',
  { Allow: 'POST' },
);

const UNGUARDED_GET = requestError(
  'CSRF_PREVENTED',
  400,
  `A GET request needs a header that a page of another origin can send only after a preflight. Add "${PREFLIGHT_HEADERS[0]}: 1", or POST the operation as application/json.`,
);

export type CorsHeaders = (
  request: Pick<ClientRequest, 'method' | 'header'>,
  vary: string | null | undefined,
) => HttpResponse['headers'];

const EXPOSED_HEADERS = [REQUEST_ID, 'retry-after'].join(', ');

const ALLOWED_HEADERS = [
  'content-type',
  'token',
  'authorization',
  'x-upstream',
  REQUEST_ID,
  'traceparent',
  'tracestate',
  ...['apollographql-client', 'graphql-client'].flatMap((client) => [`${client}-name`, `${client}-version`]),
  ...PREFLIGHT_HEADERS,
].join(', ');

/**
 * Lets pages of these origins, such as `https://app.example.com`, use the gateway; `*` allows all. Never allows cookies,
 * because keys travel in headers that a page must set.
 */
export function createCors(origins: readonly string[]): CorsHeaders | undefined {
  if (origins.length === 0) return undefined;
  const anyOrigin = origins.includes('*');
  return (request, vary) => {
    const headers: Record<string, string> = anyOrigin ? {} : { vary: vary ? `${vary}, origin` : 'origin' };
    const origin = request.header('origin');
    if (origin === null || !(anyOrigin || origins.includes(origin))) return headers;
    headers['access-control-allow-origin'] = anyOrigin ? '*' : origin;
    if (request.method !== 'OPTIONS') return { ...headers, 'access-control-expose-headers': EXPOSED_HEADERS };
    return {
      ...headers,
      'access-control-allow-methods': OPERATION_METHODS.join(', '),
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': '86400',
    };
  };
}

export const SHUTTING_DOWN = requestError(
  'SHUTTING_DOWN',
  503,
  'The gateway is shutting down and has not begun this operation. Send it again on a new connection.',
  {},
  { outcome: 'NOT_EXECUTED' },
);
