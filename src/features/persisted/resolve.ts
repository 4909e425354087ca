import type { GraphQLError } from 'graphql';
import { documentError, malformedRequest } from '../../errors/coded-error.ts';
import { DOCUMENT_ID_FORM, hashOf, isDocumentId } from '../../operation/document-id.ts';
import {
  type DocumentResolver,
  type ListedDocuments,
  NOT_SUPPORTED,
  OFF,
  type PersistedDocuments,
  type PersistedMode,
  type ResolvedDocument,
} from '../../operation/document-resolver.ts';
import type { OperationParams } from '../../operation/params.ts';
import { MAX_DOCUMENT_LENGTH } from '../../plan/document.ts';
import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import { createRegisteredDocuments, type RegisteredDocuments } from './registered.ts';

interface DocumentReference {
  readonly dialect: 'apollo' | 'other';
  readonly id: string;
}

/** The id in the request, in any dialect. Undefined if there is none. @throws BAD_REQUEST */
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
    throw malformedRequest('extensions.persistedQuery has an unknown version. Give {"version": 1}.');
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
  throw malformedRequest(`${name} is not the id of a document. Give ${DOCUMENT_ID_FORM}.`);
}

export function createDocumentResolver({ mode, listed }: PersistedDocuments): DocumentResolver {
  const registered = createRegisteredDocuments();
  let store = createDocumentStore(listed, registered);

  function find(reference: DocumentReference, sent: string | undefined, account: string | undefined) {
    if (reference.dialect === 'apollo' && sent !== undefined) return check(reference.id, sent);
    if (mode === 'off') throw reference.dialect === 'apollo' ? NOT_SUPPORTED : OFF;
    if (sent !== undefined) throw TWO_DOCUMENTS;
    const text = store.find(reference.id, account);
    if (text === undefined) throw notFound(reference, mode);
    return { text };
  }

  function check(hash: string, text: string): ResolvedDocument {
    // A document that is too long will be refused, so it need not be hashed.
    if (mode === 'off' || text.length > MAX_DOCUMENT_LENGTH) return { text };
    if (hashOf(text) !== hash) throw WRONG_HASH;
    return { text, registers: mode === 'allowed' ? hash : undefined };
  }

  return {
    replace(others: ListedDocuments) {
      store = createDocumentStore(others, registered);
    },
    resolve(params: OperationParams, account: string | undefined): MaybePromise<ResolvedDocument> {
      const reference = readReference(params);
      const { query = '' } = params;
      // With an id, an empty query counts as none: some clients always send the member.
      const found = reference && find(reference, query === '' ? undefined : query, account);
      const document = found ?? { text: query };
      if (mode !== 'only') return document;
      return whenKnown(document, (known) => {
        if (!store.isListed(known.text)) throw ONLY_LISTED;
        return known;
      });
    },
    register({ text, registers }: ResolvedDocument, account: string) {
      if (registers !== undefined) store.register(account, registers, text);
    },
  };
}

/** The listed documents, and documents registered with this process. */
export function createDocumentStore(listed: ListedDocuments, registered: RegisteredDocuments) {
  const byHash = new Map([...listed.values()].map((document) => [hashOf(document), document]));
  return {
    /** Finds a listed document by its id, or a listed or registered document by its hash, with or without `sha256:`. */
    find(id: string, account: string | undefined): string | undefined {
      const hash = id.replace(/^sha256:/, '');
      const known = listed.get(id) ?? listed.get(hash) ?? byHash.get(hash);
      return known ?? (account === undefined ? undefined : registered.get(account, hash));
    },
    isListed: (document: string) => byHash.get(hashOf(document)) === document,
    register(account: string, hash: string, document: string) {
      if (!byHash.has(hash)) registered.set(account, hash, document);
    },
  };
}

function notFound({ dialect, id }: DocumentReference, mode: PersistedMode): GraphQLError {
  // Apollo's invitation to register. Clients look for these words.
  if (dialect === 'apollo' && mode === 'allowed') {
    return documentError('PERSISTED_QUERY_NOT_FOUND', 404, 'PersistedQueryNotFound');
  }
  const advice =
    mode === 'only'
      ? 'This gateway runs only the documents in its list. Add this document to PERSISTED_DOCUMENTS_FILE.'
      : 'Send the document as query, or add it to PERSISTED_DOCUMENTS_FILE.';
  return documentError(
    'PERSISTED_DOCUMENT_NOT_FOUND',
    404,
    `There is no document with the id ${JSON.stringify(id)}. ${advice}`,
  );
}

const TWO_DOCUMENTS = malformedRequest(
  'The request has both a query and the id of a document. Send only one of them. To register a query, send its hash in extensions.persistedQuery.',
);

const WRONG_HASH = malformedRequest(
  'extensions.persistedQuery.sha256Hash is not the hash of the query. Give the SHA-256 of its UTF-8 in lower-case hexadecimal digits.',
);

const ONLY_LISTED = documentError(
  'PERSISTED_DOCUMENTS_ONLY',
  422,
  'This gateway runs only the documents in its list, and this document is not in it. Send the id or the exact text of a listed document, or add this document to PERSISTED_DOCUMENTS_FILE.',
);
