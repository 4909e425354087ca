import type { FeedMember, FeedSeat, Feeds } from './port.ts';

/** Feeds of one process, which leads in all of them: it joins each only once. */
export function createFeedsInMemory(): Feeds {
  const listeners: Parameters<Feeds['listen']>[0][] = [];
  return {
    join: (_account, _name, member) => takeSeat(member),
    tell(account, message) {
      for (const told of listeners) told(account, message);
    },
    listen(told) {
      listeners.push(told);
    },
  };
}

function takeSeat(member: FeedMember): FeedSeat {
  let isGone = false;
  // Not before whoever joins has its seat.
  queueMicrotask(() => {
    if (!isGone) member.lead(false);
  });
  return {
    publish(entry) {
      if (!isGone) member.received(entry, true);
    },
    leave() {
      isGone = true;
    },
  };
}
