import { ABSENT_MS, type createSlot, MARK_WITHIN_MS, SILENCE_MS } from './slots.ts';

/** How long calls wait at least while another process has the slot of this process, in ms. */
const REPLACED_MS = 1_000;
/** How long Redis must answer well before it is used again, in ms. Doubles after each loss that follows soon. */
const CALM_MS = 1_000;
const MAX_CALM_MS = 60_000;
/** After this multiple of the calm time without a loss, the calm time returns to `CALM_MS`. */
const FORGIVEN_AFTER = 10;
/**
 * After the last mark, the others may take the whole quota until the slot is absent. What they take is sent within half a second,
 * and stops counting after a silence.
 */
const ALONE_AFTER_MS = MARK_WITHIN_MS + ABSENT_MS + 500 + SILENCE_MS - 100;

interface SendTimesOptions {
  readonly now: () => number;
  /** The slot of this process. */
  readonly slot: Pick<ReturnType<typeof createSlot>, 'number' | 'isReplaced' | 'markedAt'>;
}

/** When this process may send requests to LuaAuth, and when it may use Redis again after a loss. */
export function createSendTimes({ now, slot }: SendTimesOptions) {
  let isLost = false;
  let silentUntil = Number.NEGATIVE_INFINITY;
  /** After a loss, this process sends with its share from then on. */
  let aloneFrom = 0;
  /** Since then nothing speaks against the store that this process has found again. */
  let trustedFrom = Number.POSITIVE_INFINITY;
  let calmMs = CALM_MS;
  /** Whether this process has stopped sending with its share, because it is about to use Redis again. */
  let isReturning = false;
  let backAt = Number.NEGATIVE_INFINITY;

  const calmLonger = () => {
    calmMs = Math.min(MAX_CALM_MS, 2 * calmMs);
  };

  return {
    /** Until then this process sends nothing. */
    get silentUntil() {
      if (!isLost) return silentUntil;
      // Another process uses the share of this process.
      if (slot.isReplaced) return now() + REPLACED_MS;
      return isReturning ? now() + SILENCE_MS : Math.max(aloneFrom, silentUntil);
    },
    /** Sends nothing for a while. A process without Redis need not be silent, but its calm time begins anew. */
    silence(ms: number) {
      if (isLost) trustedFrom = now();
      else silentUntil = Math.max(silentUntil, now() + ms);
    },
    /** Redis is lost. */
    lost() {
      isLost = true;
      if (now() - backAt > FORGIVEN_AFTER * calmMs) calmMs = CALM_MS;
      else calmLonger();
      // The first mark since the return may have reached Redis without an answer.
      aloneFrom = Math.max(Math.max(slot.markedAt, backAt) + ALONE_AFTER_MS, silentUntil);
    },
    /** A new connection has found the store. */
    connected() {
      trustedFrom = now();
    },
    /** The connection has failed before Redis was used again. */
    failed() {
      if (isReturning) calmLonger();
      isReturning = false;
    },
    /** Stops sending once Redis has answered well for the calm time. Returns whether Redis may be used again. */
    prepareReturn(): boolean {
      const trustedMs = now() - trustedFrom;
      isReturning = slot.number > 0 && trustedMs >= calmMs;
      return isReturning && trustedMs >= SILENCE_MS;
    },
    /** Redis is used again. */
    returned() {
      isLost = false;
      isReturning = false;
      backAt = now();
    },
  };
}
