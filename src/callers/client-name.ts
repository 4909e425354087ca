import type { ClientRequest } from '../client-request.ts';
import type { ClientName } from '../gate/client.ts';
import type { ClientOf } from '../gate/turns.ts';
import { createAddressOf, createPlaceOf } from './client-place.ts';
import { type Credentials, createHash, credentialOf, isKeyForAll } from './identify.ts';

/** Names the client of a request at the gate. */
type ClientNameOf = (request: ClientRequest) => ClientName;

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

/** Names the client of a request: an accepted key is one client, from whatever addresses it is used, else each address is a client. */
export function createClientOf(
  credentials: Credentials,
  wasAccepted: (request: ClientRequest) => boolean,
  trustedProxy: string | undefined,
): ClientOf {
  const addressOf = createAddressOf(trustedProxy);
  if (isKeyForAll(credentials)) return addressOf;
  const hashOf = createHash();
  return (request) =>
    wasAccepted(request) ? hashOf(credentialOf(credentials, request)) : addressOf(request);
}
