import type { ClientRequest } from '../client-request.ts';
import type { ClientName } from '../gate/client.ts';
import { createPlaceOf } from './client-place.ts';
import { type Credentials, createHash, credentialOf, isKeyForAll } from './identify.ts';

/** Names the client of a request at the gate. */
export type ClientNameOf = (request: ClientRequest) => ClientName;

/**
 * An accepted key is one client, from whatever addresses it is used. Without an accepted key, each address is a client, and at the
 * loopback address each connection.
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
    return { name: hashOf(credentialOf(credentials, request)), isAccepted: true };
  };
}
