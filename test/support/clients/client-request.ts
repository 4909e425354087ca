import { AbortSource } from '../../../src/base/signal.ts';
import { type ClientRequest, credentialsIn } from '../../../src/client-request.ts';

/** A request from this address, without a key. */
export function requestFrom(address: string): ClientRequest {
  return {
    method: 'POST',
    path: '/graphql',
    signal: new AbortSource(),
    credentials: credentialsIn(null, null),
    address,
    header: () => null,
  };
}
