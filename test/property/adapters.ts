import { createHash } from 'node:crypto';

/** An operation as a client asks for it. */
export interface Asked {
  readonly type: 'query' | 'mutation';
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The gateways of a comparison: one to which no document is known, and others without and with a plugin. */
type GatewayKind = 'reference' | 'plain' | 'plugin';

/** A request to one of the gateways. */
export interface AdapterRequest {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A way in. Each of its requests stands for the same operation. */
export interface Adapter {
  readonly name: string;
  readonly gateway: GatewayKind;
  /** Past the server, as embedders call it. */
  readonly byFetch?: boolean;
  readonly requests: (asked: Asked) => readonly AdapterRequest[];
}

/** The adapter that all others are compared with. It sends each operation once. */
export const REFERENCE: Adapter = {
  name: 'a gateway of its own',
  gateway: 'reference',
  requests: (asked) => [post('/graphql', asked)],
};

export const ADAPTERS: readonly Adapter[] = [
  { name: 'POST', gateway: 'plain', requests: (asked) => [post('/graphql', asked)] },
  { name: 'GET', gateway: 'plain', requests: (asked) => get('/graphql', asked, asked.document) },
  { name: 'persisted documents', gateway: 'plain', requests: byId },
  { name: 'fetch', gateway: 'plain', byFetch: true, requests: (asked) => [post('/graphql', asked)] },
  { name: 'a gateway with a plugin', gateway: 'plugin', requests: (asked) => [post('/graphql', asked)] },
];

/** Sends the document with its hash, as Apollo's clients do, and asks for it by every name that it has in a list. */
function byId(asked: Asked): AdapterRequest[] {
  const sha256Hash = createHash('sha256').update(asked.document).digest('hex');
  const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash } } };
  const { operationName } = asked;
  const unnamed = { ...asked, operationName: undefined };
  return [
    post('/graphql', asked, { query: asked.document, ...persisted }),
    post('/graphql', asked, persisted),
    post('/graphql', asked, { documentId: `sha256:${sha256Hash}` }),
    post('/graphql', asked, { doc_id: sha256Hash, query: '' }),
    post(`/graphql/${sha256Hash}`, asked, {}),
    ...(operationName ? [post(`/graphql/${sha256Hash}/${operationName}`, unnamed, {})] : []),
    ...get(`/graphql/sha256:${sha256Hash}`, asked),
  ];
}

function post(
  target: string,
  { document, variables, operationName, headers }: Asked,
  named: object = { query: document },
): AdapterRequest {
  return {
    method: 'POST',
    target,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...named, variables, operationName }),
  };
}

/** A server need not take a longer request target, and no client sends one. */
const MAX_TARGET = 30_000;

/** None for a mutation, which GET may not carry, and for a target that is too long. */
function get(path: string, asked: Asked, document?: string): AdapterRequest[] {
  const { type, variables, operationName, headers } = asked;
  if (type === 'mutation') return [];
  const members = { query: document, operationName, variables: JSON.stringify(variables) };
  const pairs = Object.entries(members).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  const target = `${path}?${new URLSearchParams(pairs)}`;
  if (target.length > MAX_TARGET) return [];
  return [{ method: 'GET', target, headers: { 'x-graphql-csrf': '1', ...headers }, body: undefined }];
}
