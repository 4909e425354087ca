import type { VisitorCredential } from '../../../http/graphiql-options.ts';

export interface Operation {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: unknown;
}

export interface OperationRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whether to run the operation and report its cost, or only to plan it. */
export type UpstreamMode = 'report' | 'plan';

export interface RequestParts {
  readonly url: string;
  readonly operation: Operation;
  /** The headers of the Headers editor, which override the others. */
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
  // The Plan button wins over the headers.
  if (mode === 'plan') headers['x-upstream'] = mode;
  return { url, headers, body: JSON.stringify({ query, variables, operationName: nameIn(operation) }) };
}

/** Just after a tab is opened, GraphiQL gives the operation name of the previous tab. */
function nameIn({ query, operationName }: Operation): string | undefined {
  if (!operationName) return undefined;
  const isDefined = new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
  return isDefined ? operationName : undefined;
}
