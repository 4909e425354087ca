import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { type Client, useClient } from 'urql';
import { graphql } from './gql/index.ts';
import { Loading } from './notice.tsx';

/*
 * A gateway key has scopes. The gateway checks the scopes of fields that a variable leaves out as well, before it runs anything, and
 * its refusal names the missing ones. So these documents ask for the scopes: they read nothing and change nothing.
 */
const READS = graphql(/* GraphQL */ `
  query MayRead($runs: Boolean!) {
    adSystems @include(if: $runs) {
      id
    }
    project(id: "-") @include(if: $runs) {
      id
    }
    user(key: "-") @include(if: $runs) {
      id
    }
  }
`);

const WRITES = graphql(/* GraphQL */ `
  mutation MayWrite($runs: Boolean!) {
    editScript(input: { id: "-" }) @include(if: $runs) {
      __typename
    }
    editProject(input: { id: "-" }) @include(if: $runs) {
      __typename
    }
    editUser(input: { key: "-" }) @include(if: $runs) {
      __typename
    }
    disconnectSession(input: { id: "-" }) @include(if: $runs) {
      __typename
    }
    editAdSystem(input: { id: "-" }) @include(if: $runs) {
      __typename
    }
  }
`);

type Kind = 'ads' | 'projects' | 'scripts' | 'sessions' | 'users';
export type Scope = `${Kind}:${'read' | 'write'}`;

interface Lacking {
  readonly scopes: ReadonlySet<string>;
  readonly isReadOnly: boolean;
}

const NOTHING: Lacking = { scopes: new Set(), isReadOnly: false };
const LackingContext = createContext(NOTHING);

/** Why the visitor's key may not use something that needs these scopes; undefined: it may, or the gateway does not tell. */
export function useReason(needs: readonly Scope[]): string | undefined {
  const { scopes, isReadOnly } = useContext(LackingContext);
  if (isReadOnly && needs.some((scope) => scope.endsWith(':write'))) return 'This gateway is read-only.';
  const missing = needs.filter((scope) => scopes.has(scope));
  return missing.length > 0 ? `Your key of this gateway lacks ${missing.join(', ')}.` : undefined;
}

/** Shows the page once the gateway has said what the key may do. */
export function WithScopes({ children }: { readonly children: ReactNode }) {
  const client = useClient();
  const [lacking, setLacking] = useState<Lacking>();
  useEffect(() => void findLacking(client).then(setLacking), [client]);
  return lacking ? <LackingContext value={lacking}>{children}</LackingContext> : <Loading />;
}

async function findLacking(client: Client): Promise<Lacking> {
  const context = { requestPolicy: 'network-only' as const, isQuiet: true };
  const [reads, writes] = await Promise.all([
    client.query(READS, { runs: false }, context).toPromise(),
    client.mutation(WRITES, { runs: false }, context).toPromise(),
  ]);
  const errors = [reads, writes].flatMap(({ error }) => error?.graphQLErrors ?? []);
  return {
    scopes: new Set(errors.flatMap(({ extensions }) => Object.values(extensions.missingScopes ?? {}).flat())),
    isReadOnly:
      writes.error?.graphQLErrors.some(({ extensions }) => extensions.code === 'GRAPHQL_VALIDATION_FAILED') ??
      false,
  };
}
