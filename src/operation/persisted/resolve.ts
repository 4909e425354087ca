import type { GraphQLError } from 'graphql';
import { documentError, requestError } from '../../errors/coded-error.ts';
import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { Documents } from '../../state/port.ts';
import type { OperationParams } from '../params.ts';
import { createDocumentStore, hashOf, type ListedDocuments } from './store.ts';

/** How a request names a document. Apollo's clients understand other answers than the rest. */
export interface DocumentReference {
  readonly dialect: 'apollo' | 'other';
  readonly id: string;
}

/** What an id can be: a hash with or without its method, or any other name that fits into a URL as it is. */
const DOCUMENT_ID = /^[\w.~:-]{1,256}$/;
export const ID_FORM = '1 to 256 letters, digits and - . _ ~ :, such as sha256:<64 hexadecimal digits>';

export function isDocumentId(text: string): boolean {
  return DOCUMENT_ID.test(text);
}

/** The id that a request gives, in whichever dialect; undefined when it gives none. @throws BAD_REQUEST */
export function readReference(params: OperationParams): DocumentReference | undefined {
  const { documentId, doc_id, pathId, extensions } = params;
  if (documentId === undefined && doc_id === undefined && pathId === undefined) {
    return extensions?.persistedQuery ? readApollo(extensions.persistedQuery) : undefined;
  }
  const apollo = extensions?.persistedQuery ? readApollo(extensions.persistedQuery).id : undefined;
  const given = Object.entries({
    documentId,
    doc_id,
    'the path': pathId,
    'extensions.persistedQuery': apollo,
  }).flatMap(([name, id]) => (id === undefined ? [] : { name, id }));
  const [first, second] = given;
  if (first === undefined) return undefined;
  if (second) throw badRequest(`Both ${first.name} and ${second.name} name a document. Use one of them.`);
  return { dialect: 'other', id: checkId(first.name, first.id) };
}

function readApollo(value: unknown): DocumentReference {
  const { version, sha256Hash } = (typeof value === 'object' ? value : {}) as Record<string, unknown>;
  if (version !== 1) {
    throw badRequest('extensions.persistedQuery has no version that is known here. Give {"version": 1}.');
  }
  if (typeof sha256Hash !== 'string') {
    throw badRequest('extensions.persistedQuery has no sha256Hash. Give the hash of the document as text.');
  }
  return { dialect: 'apollo', id: checkId('extensions.persistedQuery.sha256Hash', sha256Hash) };
}

function checkId(name: string, id: string): string {
  if (isDocumentId(id)) return id;
  throw badRequest(`${name} is not the id of a document. Give ${ID_FORM}.`);
}

function badRequest(message: string) {
  return requestError('BAD_REQUEST', 400, message);
}

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
