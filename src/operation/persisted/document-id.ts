import { requestError } from '../../errors/coded-error.ts';
import type { OperationParams } from '../params.ts';

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
