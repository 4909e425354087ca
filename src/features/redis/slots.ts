import { type RandomSource, randomId } from '../../transport/random-source.ts';
import { type Argument, lua } from './client.ts';

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
/** After this time without sending, in ms, all earlier requests have arrived and no longer count. */
export const SILENCE_MS = 1_600;

/**
 * The store has an id, the run of Redis in which it began, and its slots: the holder of each, when the holder marked it, and when the
 * holder was last heard. A new store begins if there is none, if Redis was started again, or if its time went back.
 *
 * `marks`: marks the slot, if the process knows the store by its `id`. A process without a slot takes one: the slot of a process that
 * has ended, or a free slot. If a process has been silent for a short time only, the new process waits, because that slot may soon
 * be left. The arguments end with the slots and the holders that the process has seen, for a new store.
 *
 * Replies the time, the id and the age of the store, the slot or 0, whether it is marked, and all slots with their holders.
 */
export const BEAT = lua('store', 'id run new_id slots# me seen# marks')`
local function hold(slot, holder, mark) redis.call('HSET', store, slot, holder .. ' ' .. mark .. ' ' .. now) end
local found = redis.call('HMGET', store, 'run', 'at')
if found[1] ~= run or now < (tonumber(found[2]) or 0) then
  redis.call('DEL', store)
  redis.call('HSET', store, 'id', new_id, 'run', run, 'begun', now)
  for index = 8, #ARGV, 2 do hold(ARGV[index], ARGV[index + 1], now - ${ABSENT_MS}) end
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
local is_marked = own > 0 and id == store_id and now - seen <= ${MARK_WITHIN_MS}
if own == 0 then
  own = left > 0 and left or waits and 0 or free
  is_marked, marked = own > 0 and own == free, now - ${ABSENT_MS}
end
is_marked = is_marked and marks == '1'
if own > 0 then hold(own, me, is_marked and now or marked) end
return { now, store_id, now - (tonumber(begun) or 0), own, is_marked and 1 or 0, unpack(seen_slots) }`;

/** Frees the slot of a process, unless it was given to another process. */
export const LEAVE = lua('store', 'slot me')`
if string.match(redis.call('HGET', store, slot) or '', '^%S+') == me then redis.call('HDEL', store, slot) end
return { now }`;

type BeatReply = [
  time: number,
  id: Buffer,
  ageMs: number,
  slot: number,
  isMarked: number,
  ...slots: (number | Buffer)[],
];

/** What a beat has shown. */
interface Beat {
  /** The store has lost what was sent before. */
  readonly isNewStore: boolean;
  /** How long this process sends nothing, in ms, because others may have used its share, or the store knows too little. */
  readonly silenceMs: number;
}

interface SlotOptions {
  readonly me: string;
  readonly instances: number;
  readonly now: () => number;
  readonly random: RandomSource;
}

/** The slot of this process, and the store in which it is. */
export function createSlot({ me, instances, now, random }: SlotOptions) {
  /** The id of the store. */
  let id = '';
  let slot = 0;
  /** Whether the slot of this process was given to another process. */
  let isReplaced = false;
  /** The slots with their holders, as last seen. */
  let seenSlots: readonly Argument[] = [];
  /** The time of Redis in the last beat. */
  let seen = 0;
  let markedAt = Number.NEGATIVE_INFINITY;
  /** The time until which this process does not mark the slot that it has taken over. */
  let markFrom = Number.NEGATIVE_INFINITY;
  return {
    get id() {
      return id;
    },
    /** 0: this process has no slot. */
    get number() {
      return slot;
    },
    get isReplaced() {
      return isReplaced;
    },
    get markedAt() {
      return markedAt;
    },
    /** The arguments of a beat. @param runId - names the run of Redis */
    ask(runId: string, marks: boolean): readonly Argument[] {
      const isMark = marks && now() >= markFrom;
      return [id, runId, randomId(random), instances, me, seen, isMark ? 1 : 0, ...seenSlots];
    },
    learn(reply: unknown): Beat {
      const [time, newId, ageMs, given, isMarked, ...slots] = reply as BeatReply;
      const known = id;
      id = String(newId);
      const isNewStore = known !== id;
      let silenceMs = isNewStore ? SILENCE_MS - (known === '' ? ageMs : 0) : 0;
      if (given !== slot) {
        isReplaced = given === 0 && (isReplaced || slot > 0);
        slot = given;
        markFrom = isMarked === 1 ? now() : now() + SILENCE_MS;
        silenceMs = Math.max(silenceMs, markFrom - now());
      }
      seenSlots = slots.map((word) => (typeof word === 'number' ? word : String(word)));
      seen = time;
      if (isMarked === 1) markedAt = now();
      return { isNewStore, silenceMs };
    },
    shareOf: (rate: number) => shareOf(rate, instances, slot),
  };
}

/** The share of a slot in a rate. What does not divide goes to the first slots. Slot 0: the process has none, and the least share. */
function shareOf(rate: number, slots: number, slot: number): number {
  const least = Math.floor(rate / slots);
  if (least === 0) return rate / slots;
  return least + (slot > 0 && slot <= rate % slots ? 1 : 0);
}
