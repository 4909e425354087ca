import { LRUCache } from 'lru-cache';
import type { Call, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { CallFailure } from './failure.ts';

/** Knows which resources were written to, in the order in which the writes were accepted. */
export interface Changes {
  /** Around a write: notes what it touches once it was, or may have been, carried out. */
  readonly step: (next: Send) => Send;
  /** The number of the last write that touched a resource. What was asked for under a smaller number shows less. */
  lastChange(resource: string): number;
  /** Whether a write to it may be carried out yet, although nobody waits for it any more: nothing read is worth keeping. */
  isUnsettled(resource: string): boolean;
}

interface Change {
  readonly number: number;
  readonly unsettledUntil: number;
}

const MAX_REMEMBERED = 100_000;
/** An endpoint answers within this time or not at all (`upstream-api.md`). */
const LONGEST_CALL_MS = 100_000;

/**
 * Numbers, not times, decide what is older: a read notes the number when it begins, and its answer is good for others
 * only while no later write has touched the resource, however long the read was under way.
 */
export function createChanges(clock: Clock): Changes {
  let count = 0;
  /** What is no longer remembered was touched by this write at the latest. */
  let forgotten = 0;
  const changes = new LRUCache<string, Change>({
    max: MAX_REMEMBERED,
    dispose: ({ number }, _resource, reason) => {
      if (reason === 'evict') forgotten = Math.max(forgotten, number);
    },
  });

  const note = (touches: readonly string[], unsettledUntil = 0) => {
    count += 1;
    for (const resource of touches) {
      // A later write does not tell how an earlier one ends.
      const until = Math.max(unsettledUntil, changes.get(resource)?.unsettledUntil ?? 0);
      changes.set(resource, { number: count, unsettledUntil: until });
    }
  };

  const write = async <T>(call: Call<T>, next: Send) => {
    try {
      const answer = await next(call);
      note(call.touches);
      return answer;
    } catch (failure) {
      const executed = failure instanceof CallFailure ? failure.executed : 'unknown';
      if (executed === 'unknown') {
        note(call.touches, clock.now() + LONGEST_CALL_MS);
      }
      throw failure;
    }
  };

  return {
    step: (next) => (call) => (call.kind === 'read' ? next(call) : write(call, next)),
    lastChange: (resource) => changes.get(resource)?.number ?? forgotten,
    isUnsettled: (resource) => (changes.get(resource)?.unsettledUntil ?? 0) > clock.now(),
  };
}

/** Names a read: who asks for what, since which change. Reads with the same name may share one answer. */
export function createNaming(changes: Changes) {
  return <T>(call: Call<T>): string =>
    `${call.origin.account} ${changes.lastChange(call.resource)} ${call.method} ${call.path} ${call.body ?? ''}`;
}
