import type { TypedDocumentString } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';

export interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** Variables and answers are typed by the document alone, as graphql-codegen's client preset generates it. */
export function createTypedClient(url: string, key: string, { byId = false } = {}) {
  return async function execute<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Answer<Data>> {
    const documentId = document.__meta__?.hash;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: key },
      body: JSON.stringify({ ...(byId ? { documentId } : { query: document }), variables }),
    });
    return (await response.json()) as Answer<Data>;
  };
}

export const SCRIPT = graphql(/* GraphQL */ `
  query TypedScript($id: ID!) {
    script(id: $id) {
      name
      executions {
        date
        count
      }
    }
  }
`);
