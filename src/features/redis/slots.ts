import { lua } from './client.ts';

/** A process marks its slot this often, in ms. */
export const BEAT_MS = 250;
/** A mark counts only if the process has heard from Redis within this time, in ms. It may be late on its way. */
export const MARK_WITHIN_MS = 400;
/** A slot that was not marked for this time is absent, in ms: the others leave its share of the quota free. */
export const ABSENT_MS = 1_000;
/** After this time a process that starts takes an absent slot, in ms. */
const SUCCESSOR_MS = 3_000;
/** After this time an absent slot is free, in ms. */
export const FORGOTTEN_MS = 3_600_000;

/**
 * The store has an id, the run of Redis in which it began, and its slots: the holder of each, when the holder marked it, and when the
 * holder was last heard. A new store begins if there is none, if Redis was started again, or if its time went back.
 *
 * `mode`: `mark` the slot, if the process knows the store by its `id`; `look`, as a process does before it uses Redis again; or
 * `leave`. A process without a slot takes one: the slot of a process that has ended, or a free slot. While a process has not been
 * heard for a short time, it waits. The arguments end with the slots and the holders that the process has seen, for a new store.
 *
 * Replies the time, the id and the age of the store, the slot or 0, whether it is marked, and all slots with their holders.
 */
export const BEAT = lua('store:hash', 'id run new_id slots# me seen# mode')`
local function hold(slot, holder, is_marked)
  redis.call('HSET', store, slot, holder .. ' ' .. (is_marked and now or now - ${ABSENT_MS}) .. ' ' .. now)
end
local found = redis.call('HMGET', store, 'run', 'at')
if found[1] ~= run or now < (tonumber(found[2]) or 0) then
  redis.call('DEL', store)
  redis.call('HSET', store, 'id', new_id, 'run', run, 'begun', now)
  for index = 8, #ARGV, 2 do hold(ARGV[index], ARGV[index + 1], false) end
end
redis.call('HSET', store, 'at', now)
redis.call('PEXPIRE', store, ${FORGOTTEN_MS})
local own, marked, free, left, waits, seen_slots = 0, 0, 0, 0, false, {}
for slot = 1, slots do
  local holder, mark, heard = string.match(redis.call('HGET', store, slot) or '', '^(%S+) (%d+) (%d+)$')
  local silent = holder and now - heard
  if holder == me then own, marked = slot, mark
  elseif not holder or silent >= ${FORGOTTEN_MS} then free = free > 0 and free or slot
  elseif silent >= ${SUCCESSOR_MS} then left = left > 0 and left or slot
  elseif silent >= ${ABSENT_MS} then waits = true end
  if holder then seen_slots[#seen_slots + 1], seen_slots[#seen_slots + 2] = slot, holder end
end
local store_id, begun = unpack(redis.call('HMGET', store, 'id', 'begun'))
local is_good = own > 0 and mode == 'mark' and id == store_id and now - seen <= ${MARK_WITHIN_MS}
if mode == 'leave' then redis.call('HDEL', store, own)
elseif is_good then hold(own, me, true)
elseif own > 0 then redis.call('HSET', store, own, me .. ' ' .. marked .. ' ' .. now)
else
  own = left > 0 and left or waits and 0 or free
  is_good = own > 0 and own == free and mode == 'mark'
  if own > 0 then hold(own, me, is_good) end
end
return { now, store_id, now - (tonumber(begun) or 0), own, is_good and 1 or 0, unpack(seen_slots) }`;

/** The share of a slot in a rate. What does not divide goes to the first slots. Slot 0: the process has none, and the least share. */
export function shareOf(rate: number, slots: number, slot: number): number {
  const least = Math.floor(rate / slots);
  if (least === 0) return rate / slots;
  return least + (slot > 0 && slot <= rate % slots ? 1 : 0);
}
