import { GraphQLError } from 'graphql';
import { type Offer, offers } from './data.ts';

/** A page of the offers, as a Relay connection. @throws BAD_USER_INPUT for arguments out of their range. */
export function readCatalogue({ first, after }: { first?: number | null; after?: string | null }) {
  const size = first ?? 10;
  if (size < 1 || size > 50) throw badUserInput(`first: ${size} is out of range. Give 1 to 50.`);
  const start = after == null ? 0 : readCursor(after) + 1;
  const edges = offers.slice(start, start + size).map((offer) => ({
    cursor: cursorOf(offer),
    node: { id: offer.scriptId },
  }));
  return {
    edges,
    pageInfo: {
      hasNextPage: start + size < offers.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function cursorOf({ scriptId }: Offer): string {
  return Buffer.from(scriptId).toString('base64url');
}

function readCursor(cursor: string): number {
  const index = offers.findIndex((offer) => cursorOf(offer) === cursor);
  if (index === -1)
    throw badUserInput('after: this is not a cursor of the catalogue. Give an endCursor of it.');
  return index;
}

function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
