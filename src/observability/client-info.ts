import type { ClientRequest } from './request-record.ts';

/** What a client says of itself; it may be anything, so it is bounded, and good for telling clients apart alone. */
export interface ClientInfo {
  readonly clientName: string | undefined;
  readonly clientVersion: string | undefined;
}

const MAX_LENGTH = 100;
const VISIBLE = /^[\x20-\x7e]+$/;

/** As Apollo's clients say it, and others. */
export function clientOf({ request }: { readonly request: ClientRequest }): ClientInfo {
  return { clientName: read(request, 'name'), clientVersion: read(request, 'version') };
}

function read(request: ClientRequest, what: 'name' | 'version'): string | undefined {
  const said = request.header(`apollographql-client-${what}`) ?? request.header(`graphql-client-${what}`);
  return said && VISIBLE.test(said) ? said.slice(0, MAX_LENGTH) : undefined;
}
