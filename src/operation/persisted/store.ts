import { createHash } from 'node:crypto';
import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { Documents } from '../../state/port.ts';

/** The documents that the operator lists, by id. */
export type ListedDocuments = ReadonlyMap<string, string>;

export interface DocumentStore {
  /** A document by the id in the list, or by its hash with or without `sha256:`. */
  find(id: string): MaybePromise<string | undefined>;
  /** Whether exactly this text is listed. */
  isListed(document: string): boolean;
  /** Keeps a document under its hash. */
  register(hash: string, document: string): MaybePromise<void>;
}

/** The listed documents, and those that clients have registered with this gateway or another one of the same state. */
export function createDocumentStore(listed: ListedDocuments, registered: Documents): DocumentStore {
  const byHash = new Map([...listed.values()].map((document) => [hashOf(document), document]));
  return {
    find(id) {
      const hash = id.replace(/^sha256:/, '');
      return listed.get(id) ?? listed.get(hash) ?? byHash.get(hash) ?? registered.get(hash);
    },
    isListed: (document) => byHash.get(hashOf(document)) === document,
    register: (hash, document) => (byHash.has(hash) ? undefined : registered.set(hash, document)),
  };
}

/** SHA-256 of a document's UTF-8, in lower-case hexadecimal digits, as all clients write it. */
export function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}
