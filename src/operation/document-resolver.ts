import { documentError } from '../errors/coded-error.ts';
import type { OperationParams } from './params.ts';

export type ListedDocuments = ReadonlyMap<string, string>;

/** `allowed`: listed and registered documents by id, and any other document. `only`: listed documents, by id or as text. */
export type PersistedMode = 'off' | 'allowed' | 'only';

export interface PersistedDocuments {
  readonly mode: PersistedMode;
  readonly listed: ListedDocuments;
}

export interface ResolvedDocument {
  readonly text: string;
  /** The hash under which the client wants to register the document. Undefined if it need not be registered. */
  readonly registers?: string | undefined;
}

export interface DocumentResolver {
  /**
   * Finds the document, in which a query set by a plugin replaces an id.
   * @param account - the account whose registered documents count
   * @throws the error for the client
   */
  resolve(params: OperationParams, account: string | undefined): ResolvedDocument;
  /** Registers a valid document for an account, if the client asked for it. */
  register(document: ResolvedDocument, account: string): void;
}

export const OFF = documentError(
  'PERSISTED_DOCUMENTS_OFF',
  422,
  'This gateway does not run documents by id. Send the document as query.',
);

/** After this error Apollo's clients send the document itself. */
export const NOT_SUPPORTED = documentError(
  'PERSISTED_QUERY_NOT_SUPPORTED',
  422,
  'PersistedQueryNotSupported',
);

/** For a gateway without the feature persisted: every request must send its document. */
export const sentDocuments: DocumentResolver = {
  resolve({ query, documentId, extensions }) {
    if (query === '' && documentId !== undefined) throw OFF;
    if (query === '' && extensions?.persistedQuery) throw NOT_SUPPORTED;
    return { text: query };
  },
  register() {},
};
