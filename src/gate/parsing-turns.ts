/** Once bodies of this many bytes have been parsed in a turn of the event loop, further bodies wait. Parsing them takes about 5 ms. */
const PARSED_IN_A_TURN = 256 * 1024;
/** A body of at most this many bytes never waits: all that can arrive in a turn are parsed in some 50 ms. */
const SMALL = 4 * 1024;

/**
 * Spreads the parsing of bodies and of messages of WebSockets over turns of the event loop. Many sockets can bring the end of a body in
 * one turn, and all that are parsed together hold up every other client.
 */
export function createParsingTurns() {
  let parsedBytes = 0;
  const paused: { readonly size: number; readonly resume: () => void }[] = [];

  const nextTurn = () => {
    parsedBytes = 0;
    let resumedBytes = 0;
    while (resumedBytes < PARSED_IN_A_TURN) {
      const body = paused.shift();
      if (body === undefined) return;
      resumedBytes += body.size;
      body.resume();
    }
    if (paused.length > 0) setImmediate(nextTurn);
  };

  return {
    /** A body of so many bytes is about to be parsed in this turn. */
    parsing(size: number): void {
      if (parsedBytes === 0 && paused.length === 0) setImmediate(nextTurn);
      parsedBytes += size;
    },
    /** @returns whether other bodies have taken this turn. Then the body of so many bytes is resumed in a later one. */
    pauses(size: number, resume: () => void): boolean {
      const isTaken = size > SMALL && (parsedBytes >= PARSED_IN_A_TURN || paused.length > 0);
      if (isTaken) paused.push({ size, resume });
      return isTaken;
    },
  };
}
