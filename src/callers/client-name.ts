import type { ClientRequest } from '../client-request.ts';
import type { ClientName } from '../gate/client.ts';
import { createPlaceOf, networkOf } from './client-place.ts';
import { type Credentials, createHash, credentialOf, isKeyForAll } from './identify.ts';

/** Names the client of a request at the gate. */
export type ClientNameOf = (request: ClientRequest) => ClientName;

/**
 * With an accepted key, a client is the key's account and the address; without, the address alone. Without an accepted key,
 * each connection from the loopback address is a client.
 */
export function createClientNameOf(
  credentials: Credentials,
  wasAccepted: (request: ClientRequest) => boolean,
  trustedProxy: string | undefined,
): ClientNameOf {
  const placeOf = createPlaceOf(trustedProxy);
  if (isKeyForAll(credentials)) return (request) => ({ name: placeOf(request), isAccepted: true });
  const hashOf = createHash();
  return (request) => {
    if (!wasAccepted(request)) return { name: placeOf(request), isAccepted: false };
    return {
      name: `${hashOf(credentialOf(credentials, request))} ${networkOf(request.address)}`,
      isAccepted: true,
    };
  };
}
