import { randomUUID } from 'node:crypto';

/** Carries the name of a request, from the client or back to it. */
export const REQUEST_ID = 'x-request-id';

const WELL_FORMED = /^[\w.-]{1,64}$/;

/** The id of a request: the client's own if it is 1 to 64 letters, digits or any of `_ . -`, else a new one. */
export function requestIdFor(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}
