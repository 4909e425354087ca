import { hashOf } from '../../state/documents.ts';
import type { Documents } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** How long Redis keeps a document after its last use, in ms. Then clients send its text again. */
const KEEP_MS = 24 * 60 * 60_000;
/** The maximum of new documents per account in `KEEP_MS`. Clients send the text of further documents. */
export const MAX_NEW_DOCUMENTS = 500;

const READ_DOCUMENT = lua('document', 'keep#')`
local sealed = redis.call('GET', document)
if sealed then redis.call('PEXPIRE', document, keep) end
return sealed or ''`;

const KEEP_DOCUMENT = lua('document registered', 'sealed keep# most#')`
if redis.call('EXISTS', document) == 0 then
  local count = redis.call('INCR', registered)
  if count == 1 then redis.call('PEXPIRE', registered, keep) end
  if count > most then return 0 end
end
redis.call('SET', document, sealed, 'PX', keep)
return 1`;

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
      const sealed = (await link.offer(READ_DOCUMENT, [document], [KEEP_MS])) as Buffer;
      const text = sealed.length > 0 ? encryption.open(sealed, document) : undefined;
      if (text === undefined || hashOf(text) !== hash) return undefined;
      void own.set(account, hash, text);
      return text;
    } catch {
      // Redis is lost: clients send the document again.
      return undefined;
    }
  };

  return {
    get: (account, hash) => own.get(account, hash) ?? find(account, hash),
    async set(account, hash, text) {
      const isKnown = own.get(account, hash) !== undefined;
      void own.set(account, hash, text);
      if (isKnown) return;
      const { encryption, document, registered } = locate(account, hash);
      const args = [encryption.seal(text, document), KEEP_MS, MAX_NEW_DOCUMENTS];
      await link.offer(KEEP_DOCUMENT, [document, registered], args).catch(() => undefined);
    },
  };
}
