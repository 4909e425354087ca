import { isIP } from 'node:net';
import type { ClientRequest } from '../client-request.ts';

/** Names a client, so that clients whose keys are not accepted yet can take turns. */
export type PlaceOf = (request: Pick<ClientRequest, 'address' | 'socket' | 'header'>) => string;

/**
 * A client is identified by its address: for IPv6 by the first 64 bits, because one customer has all addresses below them.
 * @param trustedProxy - the header in which a proxy names its client. Its last address counts: the proxy added it, and the
 * client may have written the others.
 */
export function createAddressOf(trustedProxy?: string): PlaceOf {
  const name = trustedProxy?.toLowerCase();
  return (request) => {
    const forwarded = name && request.header(name)?.split(',').at(-1)?.trim();
    if (forwarded && isIP(forwarded)) return networkOf(forwarded);
    return networkOf(request.address);
  };
}

/** The address as well. But many clients may share the loopback address through a proxy, so there each connection counts as a client. */
export function createPlaceOf(trustedProxy?: string): PlaceOf {
  const addressOf = createAddressOf(trustedProxy);
  return (request) => {
    const address = addressOf(request);
    return /^127\.|^::1$/.test(address) ? `${address} ${request.socket?.remotePort}` : address;
  };
}

const GROUPS = 8;
const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address, or the first 64 bits of an IPv6 address. */
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
