import type { GraphQLError, OperationTypeNode } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { isLoopback, isProbe } from './address.ts';
import type { AcceptedTypes } from './negotiation.ts';
import { type HttpResponse, REQUEST_ID } from './response.ts';

/** The headers in which a browser says where a request goes and comes from; no page can choose either. */
interface Whereabouts {
  /** The host with its port. Without it the client is no browser. */
  readonly host: string | undefined;
  readonly origin: string | null | undefined;
  readonly path: string | undefined;
}

/** The refusal of a request that a page of somebody else's may have sent; undefined for any other. */
export type HostCheck = (request: Whereabouts) => GraphQLError | undefined;

/**
 * Protects a gateway that lends its key to whoever can connect. A page can give a name of its own the address of this
 * machine (DNS rebinding) and is then of the same origin as the gateway, which no rule of browsers stops. But it cannot
 * send a host name other than its own. `hosts` are further names to answer to, or `*` for every name; pages of `origins`
 * may ask, whatever their host.
 */
export function createHostCheck(hosts: readonly string[], origins: readonly string[]): HostCheck {
  if (hosts.includes('*')) return () => undefined;
  // An empty one would be the host of what is no URL.
  const named = hosts.filter((one) => one !== '').map((one) => one.toLowerCase());
  const isKnown = (hostname: string) =>
    isLoopback(hostname) || hostname.endsWith('.localhost') || named.includes(hostname);
  const isFromHere = (origin: string) => origins.includes(origin) || isKnown(hostnameOf(origin));
  return ({ host, origin, path }) => {
    if (isProbe(path)) return undefined;
    if (host !== undefined && !isKnown(hostnameOf(`http://${host}`))) return HOST_NOT_ALLOWED;
    return typeof origin !== 'string' || isFromHere(origin) ? undefined : HOST_NOT_ALLOWED;
  };
}

/** As it is compared: in lower case, without its port; empty for what is no URL, such as the origin `null`. */
function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

const HOST_NOT_ALLOWED = requestError(
  'HOST_NOT_ALLOWED',
  403,
  'This gateway lends its LuaAuth key to whoever can connect, so it answers to loopback names only, such as localhost and 127.0.0.1, and to no page of another host. Use such a name, or set GATEWAY_KEYS and present one of them.',
);

/** The refusal of a connection that a page of somebody else's opens; undefined for any other. */
export type OriginCheck = (request: Pick<Whereabouts, 'host' | 'origin'>) => GraphQLError | undefined;

/**
 * Does for WebSockets and for MCP what CORS does for operations: browsers let every page open one anywhere, and only say
 * whose it is. A client that sends no origin is no page.
 */
export function createOriginCheck(origins: readonly string[]): OriginCheck {
  if (origins.includes('*')) return () => undefined;
  return ({ host, origin }) => {
    if (typeof origin !== 'string' || origins.includes(origin)) return undefined;
    const isOwn = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
    return isOwn ? undefined : ORIGIN_NOT_ALLOWED;
  };
}

const ORIGIN_NOT_ALLOWED = requestError(
  'ORIGIN_NOT_ALLOWED',
  403,
  'This gateway takes no WebSocket and no MCP from pages of this origin. Name the origin in CORS_ORIGINS.',
);

/** The refusal of a request that no answer would suit; undefined for any other. */
export function checkAccept({ answer, stream }: AcceptedTypes): GraphQLError | undefined {
  return answer || stream ? undefined : NOT_ACCEPTABLE;
}

const NOT_ACCEPTABLE = requestError(
  'NOT_ACCEPTABLE',
  406,
  'The accept header leaves no media type to answer in. Accept application/graphql-response+json or application/json.',
);

/** The content type of JSON in UTF-8. A list of several types is none: browsers and servers read it differently. */
const JSON_TYPE = /^\s*application\/json\s*(;\s*charset\s*=\s*"?(utf-?8|us-ascii)"?\s*)?$/i;

/**
 * Takes JSON only: forms and plain text are what any web page can send. @throws UNSUPPORTED_MEDIA_TYPE
 */
export function checkContentType(contentType: string | null, contentEncoding: string | null): void {
  const given = contentType ?? '';
  const isGood = JSON_TYPE.test(given);
  if (isGood && (contentEncoding ?? 'identity') === 'identity') return;
  throw requestError(
    'UNSUPPORTED_MEDIA_TYPE',
    415,
    isGood
      ? 'A compressed request body is not supported. Send it without content-encoding.'
      : `${given === '' ? 'The request has no content type' : `The content type ${JSON.stringify(given.slice(0, 60))} is not supported`}. Send the operation as JSON with the header "content-type: application/json".`,
  );
}

/**
 * Headers that a page of another origin cannot send without the browser asking first (a CORS preflight), which this
 * gateway does not grant. All but the first are what clients of others' servers send.
 */
const PREFLIGHT_HEADERS = [
  'x-graphql-csrf',
  'graphql-require-preflight',
  'x-graphql-yoga-csrf',
  'apollo-require-preflight',
  'x-apollo-operation-name',
] as const;

/** Whether a request is a GET, or a HEAD, which node:http answers with the head of the same answer. */
export function isGet(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The methods that carry an operation; QUERY (RFC 10008) is a POST that changes nothing. */
export const OPERATION_METHODS: readonly string[] = ['GET', 'POST', 'QUERY'];

/**
 * Refuses an operation that its method may not carry: a mutation by GET or QUERY, and a query by GET that a page of another
 * origin could have sent unasked (CSRF). A POST needs no such header: its content type, which must be application/json, has
 * the same effect. Nor does a QUERY, for which browsers always ask first. @throws BAD_REQUEST, CSRF_PREVENTED
 */
export function checkMethod(operation: OperationTypeNode, request: ClientRequest): void {
  const { method } = request;
  if (method === 'QUERY' && operation === 'mutation') throw MUTATION_BY_QUERY;
  if (!isGet(method)) return;
  if (operation === 'mutation') throw MUTATION_BY_GET;
  if (!isPreflighted(request)) throw UNGUARDED_GET;
}

/** A key does as well: as Bearer alone, because browsers send other schemes of `authorization` unasked. */
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

const MUTATION_BY_QUERY = requestError(
  'BAD_REQUEST',
  422,
  'The method QUERY carries no mutation. Send it by POST.',
);

const UNGUARDED_GET = requestError(
  'CSRF_PREVENTED',
  400,
  `A GET request needs a header that a page of another origin cannot send unasked. Add "${PREFLIGHT_HEADERS[0]}: 1", or POST the operation as application/json.`,
);

/** The headers that let a page read the response to this request; `vary` is what the response has of that name already. */
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
 * Lets pages of these origins, such as `https://app.example.com`, use the gateway; `*` stands for every origin. Credentials
 * in the sense of CORS (cookies) are never allowed, as the gateway knows none: keys travel in headers that a page must set
 * itself. Undefined: no page may.
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

/** The refusal of what comes while the process leaves. */
export const SHUTTING_DOWN = requestError(
  'SHUTTING_DOWN',
  503,
  'The gateway is shutting down and has not begun this operation. Send it again on a new connection.',
  {},
  { outcome: 'NOT_EXECUTED' },
);
