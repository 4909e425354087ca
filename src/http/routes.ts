import type { GraphQLError } from 'graphql';
import type { Clock } from '../base/clock.ts';
import { requestError } from '../errors/coded-error.ts';
import type { OperationPath } from '../operation/params.ts';
import { askEmbedder, typeInWords } from '../transport/embedder-calls.ts';
import { HEALTH, isGet, isProbe, OPERATION_PATH } from './address.ts';
import { OPERATION_METHODS } from './guards.ts';
import type { HttpRequest } from './http-request.ts';
import { errorResponse, type HttpResponse, type PlainResponse } from './response.ts';

interface RoutesOptions {
  /** Where operations arrive, as clients see it. */
  readonly path: string;
  /** Decides the answer of `/readiness`. Only `true` means ready. */
  readonly isReady: () => boolean | PromiseLike<boolean>;
  readonly onUnexpected: (error: unknown) => void;
  readonly clock: Clock;
}

/** Load balancers wait about as long for a probe. */
const READY_WITHIN_MS = 5_000;

const GRAPHQL_METHODS = [...OPERATION_METHODS, 'OPTIONS'].join(', ');
const PROBE_METHODS = 'GET, HEAD, OPTIONS';

export type HttpRoute = (
  request: Pick<HttpRequest, 'method' | 'path' | 'header' | 'address' | 'credentials'>,
) => HttpResponse | undefined | Promise<HttpResponse | undefined>;

/** Answers every path and method that is no operation. Paths must match exactly. */
export function createRoutes(options: RoutesOptions): HttpRoute {
  const notFound = requestError(
    'NOT_FOUND',
    404,
    `There is nothing at this path. Send operations to ${options.path}; /health and /readiness show the state of the gateway.`,
  );
  return (request) => {
    const { method, path } = request;
    const isForOperations = readOperationPath(path) !== undefined;
    if (isForOperations && OPERATION_METHODS.includes(method)) return undefined;
    const refuse = (error: GraphQLError) => errorResponse(error, request.header('accept'));
    if (isForOperations && method === 'OPTIONS') return allow(GRAPHQL_METHODS);
    if (isForOperations) return refuse(methodNotAllowed(GRAPHQL_METHODS));
    if (!isProbe(path)) return refuse(notFound);
    if (method === 'OPTIONS') return allow(PROBE_METHODS);
    if (!isGet(method)) return refuse(methodNotAllowed(PROBE_METHODS));
    return path === HEALTH ? probe(200, 'ok') : readiness(options);
  };
}

async function readiness({ isReady, onUnexpected, clock }: RoutesOptions): Promise<PlainResponse> {
  try {
    const answer = await askEmbedder(isReady, { name: 'isReady', withinMs: READY_WITHIN_MS, clock });
    if (typeof answer === 'boolean') return answer ? probe(200, 'ok') : probe(503, 'leaving');
    throw new TypeError(
      `isReady gave ${typeInWords(answer)}. Give true or false, or a promise of true or false.`,
    );
  } catch (error) {
    onUnexpected(error);
    return probe(503, 'unknown');
  }
}

function probe(status: number, word: string): PlainResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: word }) };
}

function allow(methods: string): PlainResponse {
  return { status: 204, headers: { allow: methods }, body: '' };
}

export function methodNotAllowed(methods: string): GraphQLError {
  return requestError('METHOD_NOT_ALLOWED', 405, `This path takes ${methods} only.`, { allow: methods });
}

const PLAIN_PATH: OperationPath = {};

/** Reads `/graphql` and `/graphql/{documentId}[/{operationName}]`; undefined for a path that is no operation's. */
export function readOperationPath(pathname: string): OperationPath | undefined {
  if (pathname === OPERATION_PATH || pathname === '/graphql/') return PLAIN_PATH;
  const [, documentId, operationName] = /^\/graphql\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (documentId === undefined) return undefined;
  try {
    return {
      documentId: decodeURIComponent(documentId),
      operationName: operationName && decodeURIComponent(operationName),
    };
  } catch {
    return undefined;
  }
}
