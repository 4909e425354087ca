import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { PREFLIGHT_HEADERS } from './csrf.ts';
import { REQUEST_ID } from './response.ts';

export interface CorsOptions {
  /** The origins whose pages may read answers, such as `https://app.example.com`; `*` stands for every origin. */
  readonly origins: readonly string[];
}

const ALLOWED_HEADERS = [
  'content-type',
  'token',
  'authorization',
  'x-upstream',
  REQUEST_ID,
  'traceparent',
  'tracestate',
  ...PREFLIGHT_HEADERS,
].join(', ');

/**
 * Lets pages of listed origins use the gateway. Credentials in the sense of CORS (cookies) are never allowed, as the
 * gateway knows none: keys travel in headers that a page must set itself.
 */
export function createCors({ origins }: CorsOptions): Plugin<Context> {
  const anyOrigin = origins.includes('*');
  return {
    onResponse({ request, response: { headers } }) {
      if (!anyOrigin) {
        const vary = headers.get('vary');
        headers.set('vary', vary ? `${vary}, origin` : 'origin');
      }
      const origin = request.headers.get('origin');
      if (origin === null || !(anyOrigin || origins.includes(origin))) return;
      headers.set('access-control-allow-origin', anyOrigin ? '*' : origin);
      if (request.method !== 'OPTIONS') {
        headers.set('access-control-expose-headers', REQUEST_ID);
        return;
      }
      headers.set('access-control-allow-methods', 'GET, POST');
      headers.set('access-control-allow-headers', ALLOWED_HEADERS);
      headers.set('access-control-max-age', '86400');
    },
  };
}
