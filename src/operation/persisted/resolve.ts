import type { GraphQLError } from 'graphql';
import { documentError, requestError } from '../../errors/coded-error.ts';
import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { Documents } from '../../state/port.ts';
import type { OperationParams } from '../params.ts';
import { type DocumentReference, readReference } from './document-id.ts';
import { createDocumentStore, hashOf, type ListedDocuments } from './store.ts';

/**
 * `off`: ids are not understood. `allowed`: listed and registered documents can be asked for by id, and any other can be
 * sent. `only`: what is not listed is refused, however it is sent.
 */
export type PersistedMode = 'off' | 'allowed' | 'only';

export interface PersistedDocuments {
  readonly mode: PersistedMode;
  readonly listed: ListedDocuments;
}

export interface DocumentResolverOptions extends PersistedDocuments {
  /** Characters in a document that a client may register. */
  readonly maxLength: number;
  /** Where those are kept that clients register. */
  readonly registered: Documents;
}

/** Gives the text of the document that a request names. @throws what the client is told. */
export type ResolveDocument = (params: OperationParams) => MaybePromise<string>;

export function createDocumentResolver(options: DocumentResolverOptions): ResolveDocument {
  const { mode, listed, maxLength, registered } = options;
  const store = createDocumentStore(listed, registered);

  function find(reference: DocumentReference, sent: string | undefined): MaybePromise<string> {
    if (reference.dialect === 'apollo' && sent !== undefined) return register(reference.id, sent);
    if (mode === 'off') throw reference.dialect === 'apollo' ? NOT_SUPPORTED : OFF;
    if (sent !== undefined) throw TWO_DOCUMENTS;
    return whenKnown(store.find(reference.id), (document) => {
      if (document === undefined) throw notFound(reference, mode);
      return document;
    });
  }

  function register(hash: string, document: string): MaybePromise<string> {
    // What is too long is refused by the limits, and not worth its hash.
    if (mode === 'off' || document.length > maxLength) return document;
    if (hashOf(document) !== hash) throw WRONG_HASH;
    return mode === 'allowed' ? whenKnown(store.register(hash, document), () => document) : document;
  }

  return (params) => {
    const reference = readReference(params);
    const { query = '' } = params;
    // Beside an id an empty query is none: some clients always send the member.
    const document = reference ? find(reference, query === '' ? undefined : query) : query;
    if (mode !== 'only') return document;
    return whenKnown(document, (text) => {
      if (!store.isListed(text)) throw ONLY_LISTED;
      return text;
    });
  };
}

function notFound({ dialect, id }: DocumentReference, mode: PersistedMode): GraphQLError {
  // The invitation to register, by the words that clients look for.
  if (dialect === 'apollo' && mode === 'allowed') {
    return documentError('PERSISTED_QUERY_NOT_FOUND', 404, 'PersistedQueryNotFound');
  }
  const advice =
    mode === 'only'
      ? 'This gateway runs the documents in its list and no others: add it to PERSISTED_DOCUMENTS_FILE.'
      : 'Send the document as query, or add it to PERSISTED_DOCUMENTS_FILE.';
  return documentError(
    'PERSISTED_DOCUMENT_NOT_FOUND',
    404,
    `There is no document with the id ${JSON.stringify(id)}. ${advice}`,
  );
}

const TWO_DOCUMENTS = requestError(
  'BAD_REQUEST',
  400,
  'Both a query and the id of a document are given. Send one of them; a query is registered under its hash with extensions.persistedQuery.',
);

const WRONG_HASH = requestError(
  'BAD_REQUEST',
  400,
  'extensions.persistedQuery.sha256Hash is not the hash of the query. Give the SHA-256 of its UTF-8 in lower-case hexadecimal digits.',
);

const OFF = documentError(
  'PERSISTED_DOCUMENTS_OFF',
  400,
  'This gateway does not take documents by their id. Send the document as query.',
);

/** Apollo's clients send the document instead from then on. */
const NOT_SUPPORTED = documentError('PERSISTED_QUERY_NOT_SUPPORTED', 400, 'PersistedQueryNotSupported');

const ONLY_LISTED = documentError(
  'PERSISTED_DOCUMENTS_ONLY',
  400,
  'This gateway runs the documents in its list and no others, and this one is not in it. Send the id or the exact text of a listed one, or add this one to PERSISTED_DOCUMENTS_FILE.',
);
