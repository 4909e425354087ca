import { follow, type OpenStream, type StreamError } from './follow.ts';
import type { WhoIsOn } from './who-is-on.ts';

export interface AnnounceOptions {
  /** Takes a line for each user who has joined. */
  say(lines: readonly string[]): void;
  onRefused(error: StreamError): void;
}

/**
 * Announces users who join a script after the start. Compares a snapshot with the known users, so no user is announced
 * twice.
 */
export function announce(
  open: OpenStream,
  scriptId: string,
  { say, onRefused }: AnnounceOptions,
): () => void {
  let before: WhoIsOn | undefined;
  return follow(open, scriptId, {
    onKnown(now) {
      // A delay before the first snapshot: no user is known yet.
      if (now.cursor === undefined) return;
      const known = before;
      before = now;
      if (!known) return;
      const joined = [...now.sessions.values()].filter(({ id }) => !known.sessions.has(id));
      say(joined.map(({ robloxId, placeId }) => `${robloxId} joined in ${placeId}.`));
    },
    onRefused,
  });
}
