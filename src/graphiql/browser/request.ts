import type { VisitorCredential } from '../page-options.ts';

/** What GraphiQL asks to be sent. */
export interface Operation {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: unknown;
}

/** What goes to the gateway: as sent, and as a copied command shows it. */
export interface OperationRequest {
  readonly url: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the gateway is asked to tell beside the answer: what it did cost, or what it would cost. */
export type UpstreamMode = 'report' | 'plan';

export interface RequestParts {
  readonly url: string;
  readonly operation: Operation;
  /** As the Headers editor has them: they take the place of the others. */
  readonly typedHeaders: Readonly<Record<string, unknown>>;
  readonly credential: VisitorCredential | undefined;
  readonly key: string;
  readonly mode: UpstreamMode;
}

export function buildRequest(parts: RequestParts): OperationRequest {
  const { url, operation, typedHeaders, credential, key, mode } = parts;
  const { query, variables } = operation;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8',
    'x-upstream': mode,
  };
  if (credential && key !== '') headers[credential.header] = credential.prefix + key;
  for (const [name, value] of Object.entries(typedHeaders)) headers[name.toLowerCase()] = String(value);
  // Whoever presses Plan means it, whatever the headers say.
  if (mode === 'plan') headers['x-upstream'] = mode;
  return {
    url,
    headers,
    body: JSON.stringify({ query, variables, operationName: nameIn(operation) }),
  };
}

/** For a moment after a tab was opened, GraphiQL gives the name of the operation that the tab before it holds. */
function nameIn({ query, operationName }: Operation): string | undefined {
  if (!operationName) return undefined;
  const isDefined = new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
  return isDefined ? operationName : undefined;
}
