import { hashOf, MAX_DOCUMENT_BYTES, MAX_DOCUMENTS } from '../documents.ts';
import type { Documents } from '../port.ts';
import { lua } from './client.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/**
 * KEYS: documents, their uses. ARGV: the document's name, for how many ms it is kept from its last use. A name begins with the
 * tag of its account. The uses say of "<name> <bytes>" when it was last used.
 */
const USE = `
local texts, uses, name, keep_ms = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local function sized() return name .. ' ' .. redis.call('HSTRLEN', texts, name) end
local function use()
  redis.call('ZADD', uses, now, sized())
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, keep_ms) end
end
`;

/** Gives the document, or an empty text. */
const READ_DOCUMENT = lua`${USE}
local text = redis.call('HGET', texts, name)
if text then use() end
return text or ''`;

/**
 * ARGV: as above, then the document, how many are kept, and how many bytes of them.
 * Where that is too much, the account with the largest part loses the document that it has not used longest.
 */
const KEEP_DOCUMENT = lua`${USE}
local max_count, max_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREM', uses, sized())
-- Without a use it would never be dropped.
if redis.call('EXISTS', uses) == 0 then redis.call('DEL', texts) end
redis.call('HSET', texts, name, ARGV[3])
use()
local function drop(one)
  redis.call('ZREM', uses, one)
  redis.call('HDEL', texts, string.match(one, '^%S+ %S+'))
end
for _, unused in ipairs(redis.call('ZRANGEBYSCORE', uses, '-inf', now - keep_ms)) do drop(unused) end

local total, shares = { count = 0, bytes = 0 }, {}
local function count(share, sign, bytes)
  share.count, share.bytes = share.count + sign, share.bytes + sign * bytes
end
local function part_of(share) return math.max(share.count / max_count, share.bytes / max_bytes) end
for _, one in ipairs(redis.call('ZRANGE', uses, 0, -1)) do
  local tag, bytes = string.match(one, '^(%S+) %S+ (%d+)$')
  local share = shares[tag] or { count = 0, bytes = 0, documents = {} }
  shares[tag] = share
  share.documents[#share.documents + 1] = { one, tonumber(bytes) }
  count(share, 1, bytes)
  count(total, 1, bytes)
end
while part_of(total) > 1 do
  local largest
  for _, share in pairs(shares) do
    if not largest or part_of(share) > part_of(largest) then largest = share end
  end
  local oldest, bytes = unpack(table.remove(largest.documents, 1))
  drop(oldest)
  count(largest, -1, bytes)
  count(total, -1, bytes)
end
return 1`;

/** A document that nobody asks for is forgotten after a day; clients send it again then. */
const KEEP_MS = 24 * 60 * 60_000;

/**
 * Documents that an account has registered with any process, encrypted under its key. One that is read back must have its
 * hash: whoever can write to the store does not choose what runs with the keys of others. `own`: those in the memory of this
 * process.
 */
export function createDocumentsInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  own: Documents,
): Documents {
  const keys = [link.key('documents'), link.key('document-uses')];
  const locate = (accountName: string, hash: string) => {
    const { encryption } = accounts.of(accountName);
    const name = `${encryption.tag} ${encryption.name(hash)}`;
    return { encryption, args: [name, KEEP_MS], location: `${keys[0]} ${name}` };
  };

  const find = async (account: string, hash: string): Promise<string | undefined> => {
    const { encryption, args, location } = locate(account, hash);
    try {
      const sealed = (await link.offer(READ_DOCUMENT, keys, args)) as Buffer;
      const document = sealed.length > 0 ? encryption.open(sealed, location) : undefined;
      if (document === undefined || hashOf(document) !== hash) return undefined;
      void own.set(account, hash, document);
      return document;
    } catch {
      // Lost: clients send the document again.
      return undefined;
    }
  };

  return {
    get: (account, hash) => own.get(account, hash) ?? find(account, hash),
    async set(account, hash, document) {
      const isKnown = own.get(account, hash) !== undefined;
      void own.set(account, hash, document);
      if (isKnown) return;
      const { encryption, args, location } = locate(account, hash);
      const sealed = encryption.seal(document, location);
      const bounds = [MAX_DOCUMENTS, MAX_DOCUMENT_BYTES];
      await link.offer(KEEP_DOCUMENT, keys, [...args, sealed, ...bounds]).catch(() => undefined);
    },
  };
}
