import { documentError } from '../errors/coded-error.ts';
import type { MaybePromise } from '../state/maybe-promise.ts';
import type { OperationParams } from './params.ts';

/** The documents that the operator lists, by id. */
export type ListedDocuments = ReadonlyMap<string, string>;

/**
 * `off`: ids are not understood. `allowed`: listed and registered documents can be asked for by id, and any other can be
 * sent. `only`: what is not listed is refused, however it is sent.
 */
export type PersistedMode = 'off' | 'allowed' | 'only';

export interface PersistedDocuments {
  readonly mode: PersistedMode;
  readonly listed: ListedDocuments;
}

/** The document that a request names. */
export interface ResolvedDocument {
  readonly text: string;
  /** The hash under which the client wants it kept; undefined: it need not be, or is already. */
  readonly registers?: string | undefined;
}

/** Finds the document of a request. */
export interface DocumentResolver {
  /** From now on these are the documents in the list. */
  replace(others: ListedDocuments): void;
  /** `account`: whose registered documents count; undefined: nobody's. @throws the error for the client. */
  resolve(params: OperationParams, account: string | undefined): MaybePromise<ResolvedDocument>;
  /** Keeps a document for an account, if the client wants that. To be called once it is known to be valid. */
  register(document: ResolvedDocument, account: string): void;
}

/** The form of an id: a hash with or without its method, or any other name that fits into a URL as it is. */
const DOCUMENT_ID = /^[\w.~:-]{1,256}$/;
export const DOCUMENT_ID_FORM =
  '1 to 256 letters, digits and - . _ ~ :, such as sha256:<64 hexadecimal digits>';

export function isDocumentId(text: string): boolean {
  return DOCUMENT_ID.test(text);
}

export const OFF = documentError(
  'PERSISTED_DOCUMENTS_OFF',
  422,
  'This gateway does not take documents by their id. Send the document as query.',
);

/** Apollo's clients send the document instead from then on. */
export const NOT_SUPPORTED = documentError(
  'PERSISTED_QUERY_NOT_SUPPORTED',
  422,
  'PersistedQueryNotSupported',
);

/** For a gateway without the feature persisted: each request sends its document. */
export const sentDocuments: DocumentResolver = {
  replace() {},
  resolve({ query = '', documentId, doc_id, pathId, extensions }) {
    if ((documentId ?? doc_id ?? pathId) !== undefined) throw OFF;
    if (query === '' && extensions?.persistedQuery) throw NOT_SUPPORTED;
    return { text: query };
  },
  register() {},
};
