import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';

/** Counts the requests that this process has begun to write. */
export function countSentRequests() {
  let sent = 0;
  const count = () => {
    sent += 1;
  };
  beforeAll(() => subscribe('undici:client:sendHeaders', count));
  afterAll(() => void unsubscribe('undici:client:sendHeaders', count));
  return {
    count: () => sent,
    /** Waits until all that was sent is received, and nothing more is sent. A request that was cut off may never be. */
    createQuiet(received: () => number): () => Promise<void> {
      let lost = sent - received();
      return async () => {
        for (let stable = 0, turns = 0; stable < 2 && turns < 25; turns += 1) {
          const before = sent;
          await setTimeout(1);
          stable = sent === before && received() + lost >= sent ? stable + 1 : 0;
        }
        lost = Math.max(lost, sent - received());
      };
    },
  };
}
