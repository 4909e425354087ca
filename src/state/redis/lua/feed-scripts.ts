import { lua } from './lua.ts';

/** For how long a feed is kept at least, and how long from then on, after its last member has gone, in ms. */
const KEPT_MS = 60_000;
const KEEP_MS = 75_000;

const KEEP_FEED = `
local function keep(key)
  if redis.call('PTTL', key) < ${KEPT_MS} then redis.call('PEXPIRE', key, ${KEEP_MS}) end
end
`;

/** What is read and dropped is bounded by this: the size of all parts since the last whole entry, in bytes. */
const MAX_PARTS_BYTES = 4 * 1024 * 1024;
/** What an entry counts at least, so that their number is bounded as well. */
const MIN_ENTRY_BYTES = 4 * 1024;

/**
 * KEYS: for each feed the feed and its log. ARGV: lease in ms, then for each feed a name for the lead, one for the life of the
 * feed if it begins, and whether it is to begin anew ("1").
 * Renews the leads of the asker, and takes those that nobody has. Gives for each feed its life, whether the asker leads, the
 * number of the last entry, and whether there is one to begin with.
 */
export const TEND_FEEDS = lua`${KEEP_FEED}
local replies = {}
for index = 1, #KEYS, 2 do
  local feed, log, at = KEYS[index], KEYS[index + 1], 2 + (index - 1) / 2 * 3
  local lead, is_anew = ARGV[at], ARGV[at + 2] == '1'
  local found = redis.call('HMGET', feed, 'life', 'lead', 'until', 'seq', 'whole')
  if is_anew or not found[1] then
    redis.call('DEL', feed, log)
    redis.call('HSET', feed, 'life', ARGV[at + 1], 'seq', 0)
    found = { ARGV[at + 1], false, false, 0, false }
  end
  if found[2] == lead then
    redis.call('HSET', feed, 'until', now + ARGV[1])
  elseif not found[2] or tonumber(found[3]) <= now then
    redis.call('HSET', feed, 'lead', lead, 'until', now + ARGV[1])
    found[2] = lead
    redis.call('PUBLISH', feed, 'lead')
  end
  keep(feed)
  keep(log)
  replies[#replies + 1] = { found[1], found[2] == lead and 1 or 0, tonumber(found[4]), found[5] and 1 or 0 }
end
return replies`;

/**
 * KEYS: feed, log. ARGV: lead, life, lease in ms, role, entry.
 * Gives 0 if another one leads, or the feed has begun anew; 1; or 2: the log had become too long, and somebody has to begin anew.
 */
export const PUBLISH_ENTRY = lua`${KEEP_FEED}
local feed, log, role = KEYS[1], KEYS[2], ARGV[4]
local found = redis.call('HMGET', feed, 'life', 'lead', 'seq', 'whole', 'parts')
if found[1] ~= ARGV[2] or found[2] ~= ARGV[1] then return 0 end
local seq, result = found[3] + 1, 1
redis.call('XADD', log, string.format('%d-0', seq), 'entry', ARGV[5])
redis.call('HSET', feed, 'seq', seq, 'until', now + ARGV[3])
if role == 'whole' then
  local from = found[4] or seq
  redis.call('HSET', feed, 'whole', seq, 'from', from, 'parts', 0)
  redis.call('XTRIM', log, 'MINID', string.format('%d-0', from))
else
  local parts = (found[5] or 0) + math.max(${MIN_ENTRY_BYTES}, #ARGV[5])
  local is_over = parts > ${MAX_PARTS_BYTES}
  if role == 'last' or is_over then
    redis.call('HDEL', feed, 'whole')
    redis.call('HSET', feed, 'from', seq + 1)
    parts = 0
  end
  if is_over then
    redis.call('XTRIM', log, 'MAXLEN', 10)
    result = 2
  end
  redis.call('HSET', feed, 'parts', parts)
end
keep(log)
redis.call('PUBLISH', feed, seq)
return result`;

/**
 * KEYS: feed, log. ARGV: life, number of the last entry that was read in it, how many at most.
 * Gives the life (empty: there is no such feed), the number of the last entry, that of the first one to be read, and those
 * from there on that are left, each with its id. In another life it is read from where those begin who come later.
 */
export const READ_ENTRIES = lua`
local found = redis.call('HMGET', KEYS[1], 'life', 'seq', 'from')
if not found[1] then return { '', 0, 0, {} } end
local start = found[1] == ARGV[1] and ARGV[2] + 1 or tonumber(found[3] or 1)
local entries = redis.call('XRANGE', KEYS[2], string.format('%d-0', start), '+', 'COUNT', ARGV[3])
return { found[1], tonumber(found[2]), start, entries }`;

/** KEYS: feed. ARGV: lead. Whoever comes first leads from now on. */
export const LEAVE_LEAD = lua`
if redis.call('HGET', KEYS[1], 'lead') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'lead', 'until')
redis.call('PUBLISH', KEYS[1], 'lead')
return 1`;

/** KEYS: channel. ARGV: message. */
export const TELL = lua`return redis.call('PUBLISH', KEYS[1], ARGV[1])`;
