/** Once bodies of this many bytes have been parsed in a turn of the event loop, further bodies wait. Parsing them takes about 5 ms. */
const PARSED_IN_A_TURN = 256 * 1024;
/**
 * A body of at most this many bytes does not wait behind large ones. It waits only if bodies of `MOST_IN_A_TURN` bytes have been parsed
 * in the turn.
 */
const SMALL = 4 * 1024;
const MOST_IN_A_TURN = 8 * PARSED_IN_A_TURN;

/**
 * Spreads the parsing of bodies and of messages of WebSockets over turns of the event loop. Many sockets can bring the end of a body in
 * one turn, and all that are parsed together hold up every other client.
 */
export function createParsingTurns() {
  let parsedBytes = 0;
  let isScheduled = false;
  const paused: { readonly size: number; readonly resume: () => void }[] = [];

  const schedule = () => {
    if (!isScheduled) setImmediate(nextTurn);
    isScheduled = true;
  };
  const nextTurn = () => {
    isScheduled = false;
    parsedBytes = 0;
    let resumedBytes = 0;
    while (resumedBytes < PARSED_IN_A_TURN) {
      const body = paused.shift();
      if (body === undefined) return;
      resumedBytes += body.size;
      body.resume();
    }
    if (paused.length > 0) schedule();
  };

  return {
    /** A body of so many bytes is about to be parsed in this turn. */
    parsing(size: number): void {
      parsedBytes += size;
      schedule();
    },
    /** @returns whether other bodies have taken this turn. Then the body of so many bytes is resumed in a later one. */
    pauses(size: number, resume: () => void): boolean {
      const isTaken =
        size > SMALL ? parsedBytes >= PARSED_IN_A_TURN || paused.length > 0 : parsedBytes >= MOST_IN_A_TURN;
      if (isTaken) paused.push({ size, resume });
      return isTaken;
    },
  };
}
