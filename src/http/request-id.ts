import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** Carries the name of a request, from the client or back to it. */
export const REQUEST_ID = 'x-request-id';

const WELL_FORMED = /^[\w.-]{1,64}$/;

/** The id of a request: the client's own if it is 1 to 64 letters, digits or any of `_ . -`, else a new one. */
export function requestIdFor(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}

const ID = Symbol('request id');

interface Named {
  [ID]?: string;
}

/** Keeps the id with a response for whoever sends its head: a header that is set before makes that slower. */
export function nameRequest(response: ServerResponse, id: string): void {
  (response as Named)[ID] = id;
}

/** The id that was kept with a response, if it was. */
export function requestIdOf(response: ServerResponse): string | undefined {
  return (response as Named)[ID];
}
