import { hashOf } from '../../state/documents.ts';
import type { Documents } from '../../state/port.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** How long Redis keeps a document after its last use, in ms. Then clients send its text again. */
const KEEP_MS = 24 * 60 * 60_000;
/** The maximum of new documents per account in `KEEP_MS`. Clients send the text of further documents. */
export const MAX_NEW_DOCUMENTS = 500;

/**
 * Documents that an account has registered with any process, encrypted under the account's key. A document from Redis must
 * match its hash, so that another writer to Redis cannot choose which document runs.
 * @param own - the documents in the memory of this process
 */
export function createDocumentsInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  own: Documents,
): Documents {
  const locate = (accountName: string, hash: string) => {
    const { encryption, key } = accounts.of(accountName);
    return { encryption, document: key(`document-${encryption.name(hash)}`), registered: key('documents') };
  };

  const find = async (account: string, hash: string): Promise<string | undefined> => {
    const { encryption, document } = locate(account, hash);
    try {
      const sealed = (await link.send('GETEX', document, 'PX', KEEP_MS)) as Buffer | null;
      const text = sealed ? encryption.open(sealed, document) : undefined;
      if (text === undefined || hashOf(text) !== hash) return undefined;
      void own.set(account, hash, text);
      return text;
    } catch {
      // Redis is lost: clients send the document again.
      return undefined;
    }
  };

  /** Counts a new document. Gives the number of new documents since the count began. */
  const countNew = async (registered: string): Promise<number> => {
    const [, count] = await Promise.all([
      link.send('SET', registered, 0, 'PX', KEEP_MS, 'NX'),
      link.send('INCR', registered),
    ]);
    // The count may have expired between the two commands.
    if (count === 1) await link.send('PEXPIRE', registered, KEEP_MS);
    return Number(count);
  };

  return {
    get: (account, hash) => own.get(account, hash) ?? find(account, hash),
    async set(account, hash, text) {
      const isKnown = own.get(account, hash) !== undefined;
      void own.set(account, hash, text);
      if (isKnown) return;
      const { encryption, document, registered } = locate(account, hash);
      const keep = (...options: readonly string[]) =>
        link.send('SET', document, encryption.seal(text, document), 'PX', KEEP_MS, ...options);
      try {
        const isNew = (await keep('XX')) === null;
        if (isNew && (await countNew(registered)) <= MAX_NEW_DOCUMENTS) await keep();
      } catch {
        // Clients of other gateways send the document again.
      }
    },
  };
}
