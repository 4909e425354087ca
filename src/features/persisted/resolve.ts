import type { GraphQLError } from 'graphql';
import { documentError, malformedRequest } from '../../errors/coded-error.ts';
import type { OperationParams } from '../../operation/params.ts';
import { hashOf } from '../../state/documents.ts';
import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { Documents } from '../../state/port.ts';

/** The documents that the operator lists, by id. */
export type ListedDocuments = ReadonlyMap<string, string>;

/** How a request names a document. Apollo's clients understand other answers than the rest. */
interface DocumentReference {
  readonly dialect: 'apollo' | 'other';
  readonly id: string;
}

/** The form of an id: a hash with or without its method, or any other name that fits into a URL as it is. */
const DOCUMENT_ID = /^[\w.~:-]{1,256}$/;
export const ID_FORM = '1 to 256 letters, digits and - . _ ~ :, such as sha256:<64 hexadecimal digits>';

export function isDocumentId(text: string): boolean {
  return DOCUMENT_ID.test(text);
}

/** The id that a request gives, in whichever dialect; undefined when it gives none. @throws BAD_REQUEST */
function readReference({
  documentId,
  doc_id,
  pathId,
  extensions,
}: OperationParams): DocumentReference | undefined {
  const isNamed = documentId !== undefined || doc_id !== undefined || pathId !== undefined;
  const apollo = extensions?.persistedQuery ? readApollo(extensions.persistedQuery) : undefined;
  if (!isNamed) return apollo;
  const given = Object.entries({
    documentId,
    doc_id,
    'the path': pathId,
    'extensions.persistedQuery': apollo?.id,
  });
  const [[name, id] = ['', ''], second] = given.filter(
    (one): one is [string, string] => one[1] !== undefined,
  );
  if (second) throw malformedRequest(`Both ${name} and ${second[0]} name a document. Use one of them.`);
  return { dialect: 'other', id: checkId(name, id) };
}

function readApollo(value: unknown): DocumentReference {
  const { version, sha256Hash } = (typeof value === 'object' ? value : {}) as Record<string, unknown>;
  if (version !== 1) {
    throw malformedRequest(
      'extensions.persistedQuery has no version that is known here. Give {"version": 1}.',
    );
  }
  if (typeof sha256Hash !== 'string') {
    throw malformedRequest(
      'extensions.persistedQuery has no sha256Hash. Give the hash of the document as text.',
    );
  }
  return { dialect: 'apollo', id: checkId('extensions.persistedQuery.sha256Hash', sha256Hash) };
}

function checkId(name: string, id: string): string {
  if (isDocumentId(id)) return id;
  throw malformedRequest(`${name} is not the id of a document. Give ${ID_FORM}.`);
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

interface DocumentResolverOptions extends PersistedDocuments {
  /** Characters in a document that a client may register. */
  readonly maxLength: number;
  /** Where those are kept that clients register. */
  readonly registered: Documents;
}

/** The document that a request names. */
export interface ResolvedDocument {
  readonly text: string;
  /** The hash under which the client wants it kept; undefined: it need not be, or is already. */
  readonly registers?: string | undefined;
}

export type DocumentResolver = ReturnType<typeof createDocumentResolver>;

export function createDocumentResolver(options: DocumentResolverOptions) {
  const { mode, listed, maxLength, registered } = options;
  let store = createDocumentStore(listed, registered);

  function find(reference: DocumentReference, sent: string | undefined, account: string | undefined) {
    if (reference.dialect === 'apollo' && sent !== undefined) return check(reference.id, sent);
    if (mode === 'off') throw reference.dialect === 'apollo' ? NOT_SUPPORTED : OFF;
    if (sent !== undefined) throw TWO_DOCUMENTS;
    return whenKnown(store.find(reference.id, account), (text) => {
      if (text === undefined) throw notFound(reference, mode);
      return { text };
    });
  }

  function check(hash: string, text: string): ResolvedDocument {
    // Too long a document is refused by the limits, and not worth its hash.
    if (mode === 'off' || text.length > maxLength) return { text };
    if (hashOf(text) !== hash) throw WRONG_HASH;
    return { text, registers: mode === 'allowed' ? hash : undefined };
  }

  return {
    /** From now on these are the documents in the list. */
    replace(others: ListedDocuments) {
      store = createDocumentStore(others, registered);
    },
    /** `account`: whose registered documents count; undefined: nobody's. @throws the error for the client. */
    resolve(params: OperationParams, account: string | undefined): MaybePromise<ResolvedDocument> {
      const reference = readReference(params);
      const { query = '' } = params;
      // Beside an id an empty query is none: some clients always send the member.
      const found = reference && find(reference, query === '' ? undefined : query, account);
      const document = found ?? { text: query };
      if (mode !== 'only') return document;
      return whenKnown(document, (known) => {
        if (!store.isListed(known.text)) throw ONLY_LISTED;
        return known;
      });
    },
    /** Keeps a document for an account, if the client wants that. To be called once it is known to be valid. */
    register({ text, registers }: ResolvedDocument, account: string) {
      if (registers !== undefined) store.register(account, registers, text);
    },
  };
}

/** The listed documents, and those that clients have registered with this gateway or another one of the same state. */
export function createDocumentStore(listed: ListedDocuments, registered: Documents) {
  const byHash = new Map([...listed.values()].map((document) => [hashOf(document), document]));
  return {
    /** A document by the id in the list, or by its hash with or without `sha256:` one that the account has registered. */
    find(id: string, account: string | undefined): MaybePromise<string | undefined> {
      const hash = id.replace(/^sha256:/, '');
      const known = listed.get(id) ?? listed.get(hash) ?? byHash.get(hash);
      return known ?? (account === undefined ? undefined : registered.get(account, hash));
    },
    isListed: (document: string) => byHash.get(hashOf(document)) === document,
    register(account: string, hash: string, document: string) {
      if (!byHash.has(hash)) void registered.set(account, hash, document);
    },
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

const TWO_DOCUMENTS = malformedRequest(
  'Both a query and the id of a document are given. Send one of them; a query is registered under its hash with extensions.persistedQuery.',
);

const WRONG_HASH = malformedRequest(
  'extensions.persistedQuery.sha256Hash is not the hash of the query. Give the SHA-256 of its UTF-8 in lower-case hexadecimal digits.',
);

const OFF = documentError(
  'PERSISTED_DOCUMENTS_OFF',
  422,
  'This gateway does not take documents by their id. Send the document as query.',
);

/** Apollo's clients send the document instead from then on. */
const NOT_SUPPORTED = documentError('PERSISTED_QUERY_NOT_SUPPORTED', 422, 'PersistedQueryNotSupported');

const ONLY_LISTED = documentError(
  'PERSISTED_DOCUMENTS_ONLY',
  422,
  'This gateway runs the documents in its list and no others, and this one is not in it. Send the id or the exact text of a listed one, or add this one to PERSISTED_DOCUMENTS_FILE.',
);
