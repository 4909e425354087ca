import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { requestError } from '../errors/coded-error.ts';
import { readOperationPath } from './operation-path.ts';
import type { PlainResponse } from './response.ts';
import { errorResponse } from './result-response.ts';

export interface RoutesOptions {
  /** What `/readiness` answers. */
  readonly isReady: () => boolean;
}

const HEALTH = '/health';
const READINESS = '/readiness';
const GRAPHQL_METHODS = 'GET, POST, OPTIONS';
const PROBE_METHODS = 'GET, HEAD, OPTIONS';

/** Whether a request target asks how the process is; such a request is answered even while the process is leaving. */
export function isProbe(target = ''): boolean {
  const [path = ''] = target.split('?', 1);
  return path === HEALTH || path === READINESS;
}

/**
 * Sends every path and method that is no operation its answer. Paths are compared whole: Yoga itself takes any URL that
 * ends like its own, such as `/graphql?query=…/health`.
 */
export function createRoutes({ isReady }: RoutesOptions): Plugin<Context> {
  return {
    onRequest({ request, url, endResponse, fetchAPI }) {
      const answer = answerFor(url.pathname, request, isReady);
      if (answer) endResponse(new fetchAPI.Response(answer.body || null, answer));
    },
  };
}

function answerFor(
  path: string,
  { method, headers }: Request,
  isReady: RoutesOptions['isReady'],
): PlainResponse | undefined {
  const refuse = (error: Parameters<typeof errorResponse>[0]) => errorResponse(error, headers.get('accept'));
  if (readOperationPath(path)) {
    if (method === 'GET' || method === 'POST') return undefined;
    return method === 'OPTIONS' ? options(GRAPHQL_METHODS) : refuse(methodNotAllowed(GRAPHQL_METHODS));
  }
  if (path === HEALTH || path === READINESS) {
    if (method === 'OPTIONS') return options(PROBE_METHODS);
    if (method !== 'GET' && method !== 'HEAD') return refuse(methodNotAllowed(PROBE_METHODS));
    return path === HEALTH || isReady() ? probe(200, 'ok') : probe(503, 'leaving');
  }
  return refuse(NOT_FOUND);
}

function probe(status: number, word: string): PlainResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: word }) };
}

function options(allow: string): PlainResponse {
  return { status: 204, headers: { allow, 'content-length': '0' }, body: '' };
}

function methodNotAllowed(allow: string) {
  return requestError('METHOD_NOT_ALLOWED', 405, `This path takes ${allow} only.`, { allow });
}

const NOT_FOUND = requestError(
  'NOT_FOUND',
  404,
  'There is nothing at this path. Send operations to /graphql; /health and /readiness tell how the gateway is.',
);
