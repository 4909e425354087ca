import type { TypedDocumentString } from './gql/graphql.ts';

/** The operation failed, as the answer's `errors` say, or there was no answer. It holds neither documents nor variables. */
export class OperationFailed extends Error {
  readonly code: string;
  /** For a write: whether it may have been carried out all the same. */
  readonly isInDoubt: boolean;

  constructor(code: string, isInDoubt: boolean) {
    super(`the operation failed: ${code}`);
    this.code = code;
    this.isInDoubt = isInDoubt;
  }
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly extensions?: { readonly code?: string; readonly outcome?: string };
  }[];
}

/** Executes documents that graphql-codegen knows the types of. */
export type Gateway = ReturnType<typeof createGateway>;

/** @param key - a key of the gateway */
export function createGateway(url: string, key: string) {
  /** @throws OperationFailed when any field has failed, or there was no answer. */
  return async function execute<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const isWrite = String(document).trimStart().startsWith('mutation');
    const body = JSON.stringify({ query: document, variables });
    const answer = await post<Data>(url, key, body);
    // Whether it had arrived is not known.
    if (!answer) throw new OperationFailed('GATEWAY_UNREACHABLE', isWrite);
    const { data, errors = [] } = answer;
    const [first] = errors;
    if (first || !data) {
      const isInDoubt = errors.some(({ extensions }) => extensions?.outcome === 'UNKNOWN');
      throw new OperationFailed(first?.extensions?.code ?? 'NO_DATA', isInDoubt);
    }
    return data;
  };
}

/** Undefined: there was no answer that can be read. The error would tell where the gateway is. */
async function post<Data>(url: string, key: string, body: string): Promise<Answer<Data> | undefined> {
  try {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const response = await fetch(url, { method: 'POST', headers, body });
    return (await response.json()) as Answer<Data>;
  } catch {
    return undefined;
  }
}
