import type { FeedMember, FeedSeat, Feeds } from './port.ts';

/** Feeds of one process, which leads in all of them: it joins each only once. */
export function createFeedsInMemory(): Feeds {
  return { join: (_account, _name, member) => takeSeat(member) };
}

function takeSeat(member: FeedMember): FeedSeat {
  let isGone = false;
  // Not before whoever joins has its seat.
  queueMicrotask(() => {
    if (!isGone) member.lead();
  });
  return {
    publish(entry) {
      if (!isGone) member.received(entry);
    },
    nudge() {
      if (!isGone) member.nudged();
    },
    leave() {
      isGone = true;
    },
  };
}
