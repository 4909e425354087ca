import { lua } from './client.ts';

/** An entry expires between `KEPT_MS` and `KEEP_MS` after a process has last looked at it. */
const KEPT_MS = 60_000;
export const KEEP_MS = 75_000;
/** One look reads no further entries after this many bytes. */
const MAX_LOOK_BYTES = 1024 * 1024;

/**
 * Looks at the entries of the keys. Each entry has two arguments: the version, and the number of the last change, that the process
 * has seen. Number -1: it needs the whole entry. This is a script because a whole entry and its changes must be from one moment.
 *
 * Replies for each entry its version. If the process has not seen the version, the reply goes on:
 * 2. The holder of the lease.
 * 3. When the entry was last stored, on the clock of Redis, as a text.
 * 4. The stamp of the data.
 * 5. The number of the last change.
 * 6. The number of the first stored change.
 * 7. Whether the process with the lease has stored the data.
 * 8. How many ms ago the data were read.
 * 9. The head.
 * 10. The whole entry, if changes are missing.
 * 11. The changes.
 *
 * Replies an empty list for an entry that did not fit into the reply.
 */
export const LOOK = lua('', '')`
local replies, bytes = {}, 0
for index, entry in ipairs(KEYS) do
  local seen, number = ARGV[2 * index - 1], tonumber(ARGV[2 * index])
  local names = { 'version', 'leader', 'at', 'stamp', 'number', 'first', 'by', 'readAt', 'head' }
  local found = redis.call('HMGET', entry, unpack(names))
  if redis.call('PTTL', entry) < ${KEPT_MS} then redis.call('PEXPIRE', entry, ${KEEP_MS}) end
  local reply = { found[1] or '' }
  if bytes >= ${MAX_LOOK_BYTES} then
    reply = {}
  elseif found[1] and found[1] ~= seen then
    local last, first, whole, changes = tonumber(found[5] or -1), tonumber(found[6] or 0), false, {}
    local from = number + 1
    if from < first then
      whole, from = redis.call('HGET', entry, 'whole'), first
      bytes = bytes + #(whole or '')
    end
    for change = from, last do
      local sealed = redis.call('HGET', entry, change)
      changes[#changes + 1] = sealed
      bytes = bytes + #(sealed or '')
    end
    local is_current = found[7] == found[2] and 1 or 0
    reply = { found[1], found[2] or '', found[3], found[4] or '', last, first, is_current }
    reply[8], reply[9], reply[10], reply[11] = now - (found[8] or 0), found[9] or '', whole, changes
  end
  replies[#replies + 1] = reply
end
return replies`;

/** The reply of a look for an entry. */
export type EntryView = readonly [
  version?: Buffer,
  leader?: Buffer,
  storedAt?: Buffer,
  stamp?: Buffer,
  number?: number,
  first?: number,
  isCurrent?: number,
  ageMs?: number,
  head?: Buffer,
  whole?: Buffer | null,
  changes?: readonly (Buffer | null)[],
];
