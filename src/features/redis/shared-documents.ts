import { hashOf, MAX_DOCUMENT_BYTES, MAX_DOCUMENTS } from '../../state/documents.ts';
import type { Documents } from '../../state/port.ts';
import { lua } from './client.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/**
 * The shares of all accounts are in one hash, the documents of each in a hash and a sorted set of its own: when they were
 * last used. A share is "<documents> <bytes> <when one was last used>".
 */
const SHARES = `
local function texts_of(tag) return prefix .. ':{' .. tag .. '}:documents' end
local function uses_of(tag) return prefix .. ':{' .. tag .. '}:document-uses' end
local function read_share(text)
  local count, bytes, used_at = string.match(text or '', '^(%d+) (%d+) (%d+)$')
  return { count = tonumber(count or 0), bytes = tonumber(bytes or 0), used_at = tonumber(used_at or 0) }
end
local function write_share(tag, share)
  if share.count <= 0 then return redis.call('HDEL', shares, tag) end
  redis.call('HSET', shares, tag, string.format('%d %d %.0f', share.count, math.max(0, share.bytes), share.used_at))
  redis.call('PEXPIRE', shares, keep_ms)
end
local function keep_on()
  redis.call('PEXPIRE', texts_of(account), keep_ms)
  redis.call('PEXPIRE', uses_of(account), keep_ms)
end
local function drop(tag, share, one)
  share.count = redis.call('ZCARD', uses_of(tag))
  share.bytes = share.count == 0 and 0 or share.bytes - redis.call('HSTRLEN', texts_of(tag), one)
  redis.call('HDEL', texts_of(tag), one)
end
`;

const READ_DOCUMENT = lua('shares', 'prefix account name keep_ms#')`${SHARES}
local text = redis.call('HGET', texts_of(account), name)
if not text then return '' end
redis.call('ZADD', uses_of(account), now, name)
keep_on()
local share = read_share(redis.call('HGET', shares, account))
share.used_at = now
write_share(account, share)
return text`;

/** When that is too much, the account with the largest part loses the document that it has not used longest. */
const KEEP_DOCUMENT = lua('shares', 'prefix account name keep_ms# text max_count# max_bytes#')`${SHARES}
local own = read_share(redis.call('HGET', shares, account))
if redis.call('EXISTS', texts_of(account)) == 0 then own.bytes = 0 end
own.bytes = own.bytes + #text - redis.call('HSTRLEN', texts_of(account), name)
redis.call('HSET', texts_of(account), name, text)
redis.call('ZADD', uses_of(account), now, name)
keep_on()
for _, unused in ipairs(redis.call('ZRANGEBYSCORE', uses_of(account), '-inf', now - keep_ms)) do
  redis.call('ZREM', uses_of(account), unused)
  drop(account, own, unused)
end
own.count, own.used_at = redis.call('ZCARD', uses_of(account)), now
write_share(account, own)

local function part_of(share) return math.max(share.count / max_count, share.bytes / max_bytes) end
local all, total = {}, { count = 0, bytes = 0 }
local entries = redis.call('HGETALL', shares)
for index = 1, #entries, 2 do
  local share = read_share(entries[index + 1])
  if now - share.used_at >= keep_ms then
    redis.call('HDEL', shares, entries[index])
  else
    share.tag = entries[index]
    all[#all + 1] = share
    total.count, total.bytes = total.count + share.count, total.bytes + share.bytes
  end
end
while part_of(total) > 1 and #all > 0 do
  local largest = 1
  for index = 2, #all do if part_of(all[index]) > part_of(all[largest]) then largest = index end end
  local share = all[largest]
  local count, bytes = share.count, share.bytes
  local oldest = redis.call('ZPOPMIN', uses_of(share.tag))[1]
  if oldest then drop(share.tag, share, oldest) else share.count, share.bytes = 0, 0 end
  total.count, total.bytes = total.count - count + share.count, total.bytes - bytes + share.bytes
  write_share(share.tag, share)
  if share.count <= 0 then table.remove(all, largest) end
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
  const shares = link.key('documents');
  const locate = (accountName: string, hash: string) => {
    const { encryption } = accounts.of(accountName);
    const name = encryption.name(hash);
    return {
      encryption,
      args: [link.prefix, encryption.tag, name, KEEP_MS],
      location: `${shares} ${encryption.tag} ${name}`,
    };
  };

  const find = async (account: string, hash: string): Promise<string | undefined> => {
    const { encryption, args, location } = locate(account, hash);
    try {
      const sealed = (await link.offer(READ_DOCUMENT, [shares], args)) as Buffer;
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
      await link.offer(KEEP_DOCUMENT, [shares], [...args, sealed, ...bounds]).catch(() => undefined);
    },
  };
}
