import { follow, type OpenStream, type StreamError } from './follow.ts';
import type { WhoIsOn } from './who-is-on.ts';

export interface AnnounceOptions {
  /** Takes a line for each of those who have joined. */
  say(lines: readonly string[]): void;
  onRefused(error: StreamError): void;
}

/** Says who joins a script after it has begun. A snapshot is compared with what was known: nobody is said twice. */
export function announce(
  open: OpenStream,
  scriptId: string,
  { say, onRefused }: AnnounceOptions,
): () => void {
  let before: WhoIsOn | undefined;
  return follow(open, scriptId, {
    onKnown(now) {
      // A delay before the first snapshot: nobody is known yet.
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
