import type { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { documentError, malformedRequest } from '../../errors/coded-error.ts';
import { DOCUMENT_ID_FORM, hashOf, isDocumentId } from '../../operation/document-id.ts';
import {
  type DocumentResolver,
  NOT_SUPPORTED,
  OFF,
  type PersistedDocuments,
  type PersistedMode,
  type ResolvedDocument,
} from '../../operation/document-resolver.ts';
import type { OperationParams } from '../../operation/params.ts';
import { MAX_DOCUMENT_LENGTH } from '../../plan/document.ts';

/** Bounds the registered documents of all accounts together. */
const MAX_BYTES = 10_000_000;
const BYTES_PER_CHARACTER = 2;
/** What a document takes besides its text, in bytes. */
const DOCUMENT_BYTES = 512;

/** Reads the hash in Apollo's `extensions.persistedQuery`. @throws BAD_REQUEST */
function readHash(value: unknown): string {
  const { version, sha256Hash } = (typeof value === 'object' ? value : {}) as Record<string, unknown>;
  if (version !== 1) {
    throw malformedRequest('extensions.persistedQuery has an unknown version. Give {"version": 1}.');
  }
  if (typeof sha256Hash !== 'string') {
    throw malformedRequest(
      'extensions.persistedQuery has no sha256Hash. Give the hash of the document as text.',
    );
  }
  if (isDocumentId(sha256Hash)) return sha256Hash;
  throw malformedRequest(
    `extensions.persistedQuery.sha256Hash is not the id of a document. Give ${DOCUMENT_ID_FORM}.`,
  );
}

export function createDocumentResolver({ mode, listed }: PersistedDocuments): DocumentResolver {
  const byHash = new Map([...listed.values()].map((document) => [hashOf(document), document]));
  const texts = new Set(listed.values());
  /** By account and hash, in this process only. Clients send an evicted document again. */
  const registered = new LRUCache<string, string>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }) => length * BYTES_PER_CHARACTER + DOCUMENT_BYTES,
  });

  function find({ query, documentId, extensions }: OperationParams, account: string | undefined) {
    const hash = extensions?.persistedQuery ? readHash(extensions.persistedQuery) : undefined;
    const id = documentId ?? hash;
    if (query !== '' || id === undefined) return hash === undefined ? { text: query } : check(hash, query);
    if (mode === 'off') throw hash === undefined ? OFF : NOT_SUPPORTED;
    const bare = id.replace(/^sha256:/, '');
    const text =
      listed.get(id) ?? listed.get(bare) ?? byHash.get(bare) ?? registered.get(`${account} ${bare}`);
    if (text !== undefined) return { text };
    throw hash !== undefined && mode === 'allowed' ? NOT_REGISTERED : notFound(id, mode);
  }

  function check(hash: string, text: string): ResolvedDocument {
    // A document that is too long will be refused, so it need not be hashed.
    if (mode === 'off' || text.length > MAX_DOCUMENT_LENGTH) return { text };
    if (hashOf(text) !== hash) throw WRONG_HASH;
    return { text, registers: mode === 'allowed' ? hash : undefined };
  }

  return {
    resolve(params: OperationParams, account: string | undefined): ResolvedDocument {
      const document = find(params, account);
      if (mode === 'only' && !texts.has(document.text)) throw ONLY_LISTED;
      return document;
    },
    register({ text, registers }: ResolvedDocument, account: string) {
      if (registers !== undefined && !byHash.has(registers)) registered.set(`${account} ${registers}`, text);
    },
  };
}

/** Apollo's invitation to register. Clients look for these words. */
const NOT_REGISTERED = documentError('PERSISTED_QUERY_NOT_FOUND', 404, 'PersistedQueryNotFound');

function notFound(id: string, mode: PersistedMode): GraphQLError {
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

const WRONG_HASH = malformedRequest(
  'extensions.persistedQuery.sha256Hash is not the hash of the query. Give the SHA-256 of its UTF-8 in lower-case hexadecimal digits.',
);

const ONLY_LISTED = documentError(
  'PERSISTED_DOCUMENTS_ONLY',
  422,
  'This gateway runs only the documents in its list, and this document is not in it. Send the id or the exact text of a listed document, or add this document to PERSISTED_DOCUMENTS_FILE.',
);
