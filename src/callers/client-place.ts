import { isIP } from 'node:net';
import type { ClientRequest } from '../observability/request-record.ts';

/** Tells where a client is, so that clients whose keys are not accepted yet can take turns. */
export type PlaceOf = (request: Pick<ClientRequest, 'address' | 'socket' | 'header'>) => string;

/**
 * A client is its address; of an IPv6 address the first 64 bits, because a single customer has all the others. On the loopback address
 * a proxy may speak for many clients, so each connection is a client.
 * @param trustedProxy - the header in which a proxy says who its client is, in lower case. The last address counts: the proxy itself
 *   has added it, and the client can have written the others.
 */
export function createPlaceOf(trustedProxy?: string): PlaceOf {
  return (request) => {
    const forwarded = trustedProxy && request.header(trustedProxy)?.split(',').at(-1)?.trim();
    if (forwarded && isIP(forwarded)) return networkOf(forwarded);
    const network = networkOf(request.address);
    return /^127\.|^::1$/.test(network) ? `${network} ${request.socket?.remotePort}` : network;
  };
}

const GROUPS = 8;
const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function networkOf(address: string): string {
  const [, ipv4] = IPV4_IN_IPV6.exec(address) ?? [];
  if (ipv4 !== undefined) return ipv4;
  if (isIP(address) !== 6 || address === '::1') return address;
  const [head, tail] = (address.split('%', 1)[0] as string).toLowerCase().split('::');
  const first = head ? head.split(':') : [];
  const last = tail ? tail.split(':') : [];
  const zeros = Array(GROUPS - first.length - last.length).fill('0');
  const groups = [...first, ...zeros, ...last].slice(0, GROUPS / 2);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
