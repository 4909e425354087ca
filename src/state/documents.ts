import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Documents } from './port.ts';

/** SHA-256 of a document's UTF-8 bytes, in lower-case hexadecimal digits, as all clients write it. */
export function hashOf(document: string): string {
  return hash('sha256', document, 'hex');
}

/** Bounds for all accounts together. */
const MAX_DOCUMENTS = 1_000;
const MAX_DOCUMENT_BYTES = 10_000_000;

const BYTES_PER_CHARACTER = 2;

interface Share {
  count: number;
  bytes: number;
}

interface Kept {
  readonly account: string;
  readonly document: string;
}

/**
 * Keeps documents, bounded by number and size over all accounts. When the store is full, the account with the largest
 * share loses its least recently used document. So no account can evict documents of an account that stays within its
 * fair share.
 */
export function createDocumentsInMemory({
  maxDocuments = MAX_DOCUMENTS,
  maxBytes = MAX_DOCUMENT_BYTES,
} = {}): Documents {
  const shares = new Map<string, Share>();
  const total: Share = { count: 0, bytes: 0 };
  const count = ({ account, document }: Kept, sign: 1 | -1) => {
    const share = shares.get(account) ?? { count: 0, bytes: 0 };
    for (const one of [share, total]) {
      one.count += sign;
      one.bytes += sign * (document.length * BYTES_PER_CHARACTER + 1);
    }
    if (share.count > 0) shares.set(account, share);
    else shares.delete(account);
  };
  const documents = new LRUCache<string, Kept>({
    // `dropOne` evicts first, so lru-cache never evicts a document by itself.
    max: maxDocuments + 1,
    dispose: (kept) => count(kept, -1),
  });
  const partOf = (share: Share) => Math.max(share.count / maxDocuments, share.bytes / maxBytes);
  const dropOne = () => {
    const [[largest] = []] = [...shares].sort(([, one], [, other]) => partOf(other) - partOf(one));
    for (const key of documents.rkeys()) {
      if (documents.peek(key)?.account !== largest) continue;
      documents.delete(key);
      return;
    }
  };

  return {
    get: (account, hash) => documents.get(`${account} ${hash}`)?.document,
    set(account, hash, document) {
      const key = `${account} ${hash}`;
      if (documents.get(key)) return;
      const kept = { account, document };
      documents.set(key, kept);
      count(kept, 1);
      while (partOf(total) > 1) dropOne();
    },
  };
}
