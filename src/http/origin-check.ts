import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { Whereabouts } from './host-check.ts';

/** The refusal of a connection that a page of somebody else's opens; undefined for any other. */
export type OriginCheck = (request: Pick<Whereabouts, 'host' | 'origin'>) => GraphQLError | undefined;

/**
 * Does for WebSockets what CORS does for requests: browsers let every page open one anywhere, and only tell whose it is. Who
 * sends no origin is no page.
 */
export function createOriginCheck(origins: readonly string[]): OriginCheck {
  if (origins.includes('*')) return () => undefined;
  return ({ host, origin }) => {
    if (typeof origin !== 'string' || origins.includes(origin)) return undefined;
    const isOwn = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
    return isOwn ? undefined : NOT_ALLOWED;
  };
}

const NOT_ALLOWED = requestError(
  'ORIGIN_NOT_ALLOWED',
  403,
  'This gateway takes no WebSocket from pages of this origin. Name the origin in CORS_ORIGINS.',
);
