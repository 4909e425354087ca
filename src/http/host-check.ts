import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import { isLoopback } from './address.ts';
import { isProbe } from './routes.ts';

export interface HostCheckOptions {
  /** Further host names to answer to; `*` stands for every name. */
  readonly hosts: readonly string[];
  /** Origins whose pages may ask, whatever their host. */
  readonly origins: readonly string[];
}

/** What a browser says of where a request goes and where it comes from; it lets no page choose either. */
export interface Whereabouts {
  /** The host with its port. Who sends none is no browser. */
  readonly host: string | undefined;
  readonly origin: string | null | undefined;
  readonly path: string | undefined;
}

/** The refusal of a request that a page of somebody else's may have sent; undefined for any other. */
export type HostCheck = (request: Whereabouts) => GraphQLError | undefined;

/**
 * Protects a gateway that lends its key to whoever can connect. A page can give a name of its own the address of this
 * machine (DNS rebinding) and is then of the same origin as the gateway, which no rule of browsers stops. But it cannot
 * send a host name other than its own.
 */
export function createHostCheck({ hosts, origins }: HostCheckOptions): HostCheck {
  if (hosts.includes('*')) return () => undefined;
  const isKnown = (hostname: string) =>
    isLoopback(hostname) || hostname.endsWith('.localhost') || hosts.includes(hostname);
  const isFromHere = (origin: string) => origins.includes(origin) || isKnown(hostnameOf(origin));
  return ({ host, origin, path }) => {
    if (isProbe(path)) return undefined;
    if (host !== undefined && !isKnown(hostnameOf(`http://${host}`))) return NOT_ALLOWED;
    return typeof origin !== 'string' || isFromHere(origin) ? undefined : NOT_ALLOWED;
  };
}

/** As it is compared: in lower case, without its port; empty for what is no URL, such as the origin `null`. */
function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

const NOT_ALLOWED = requestError(
  'HOST_NOT_ALLOWED',
  403,
  'This gateway lends its LuaAuth key to whoever can connect, so it answers to loopback names only, such as localhost and 127.0.0.1, and to no page of another host. Use such a name, or set GATEWAY_KEYS and present one of them.',
);
