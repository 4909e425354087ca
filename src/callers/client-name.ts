import type { ClientRequest } from '../client-request.ts';
import type { ClientOf } from '../gate/turns.ts';
import { createAddressOf } from './client-place.ts';
import { type Credentials, createHash, credentialOf, isKeyForAll } from './identify.ts';

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
