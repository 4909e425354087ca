import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { readCatalogue } from './catalogue.ts';
import { customers, offers, projectNames, sales } from './data.ts';

interface Reference {
  readonly id: string;
}

interface Licence {
  readonly key: string;
}

const offerOf = ({ id }: Reference) => offers.find(({ scriptId }) => scriptId === id);
const customerOf = (id: string) => (customers.has(id) ? { id } : null);
const sameReference = (reference: Reference) => reference;

const resolvers = {
  Query: {
    catalogue: (_root: unknown, page: Parameters<typeof readCatalogue>[0]) => readCatalogue(page),
    customer: (_root: unknown, { id }: Reference) => customerOf(id),
  },
  Script: {
    __resolveReference: sameReference,
    price: (script: Reference) => {
      const offer = offerOf(script);
      return offer ? { cents: offer.cents, currency: 'USD' } : null;
    },
    owner: (script: Reference) => {
      const offer = offerOf(script);
      return offer ? { id: offer.ownerId } : null;
    },
  },
  Project: {
    __resolveReference: sameReference,
    displayName: ({ id }: Reference) => projectNames.get(id) ?? null,
  },
  User: {
    __resolveReference: (reference: Licence) => reference,
    buyer: ({ key }: Licence) => {
      const sale = sales.find(({ userKey }) => userKey === key);
      return sale ? { id: sale.customerId } : null;
    },
  },
  Customer: {
    __resolveReference: ({ id }: Reference) => customerOf(id),
    name: ({ id }: Reference) => customers.get(id),
    licences: ({ id }: Reference) =>
      sales.filter(({ customerId }) => customerId === id).map(({ userKey }) => ({ key: userKey })),
  },
};

/** The shop as a request listener: a subgraph that needs no key. */
export function createShop() {
  const typeDefs = parse(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'));
  return createYoga({ schema: buildSubgraphSchema({ typeDefs, resolvers }), logging: 'warn' });
}
