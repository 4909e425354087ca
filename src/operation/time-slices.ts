/** For how long operations, or events, may begin, one after the other, before the event loop goes on with all else, in ms. */
const SLICE_MS = 20;
/** More than this do not wait: what arrives then has to wait for the oldest to begin, which slows its sender down. */
const MOST_WAITING = 1_000;

/**
 * Gives what begins a slice of each turn of the event loop to do so in; those that find it used up wait for a later turn, in
 * their order. Otherwise hundreds that arrive together keep health checks and answers waiting until each is planned.
 */
export function inTimeSlices<Input, Result>(run: (input: Input) => Promise<Result>) {
  /** When the slice of this turn is used up; undefined: nothing has begun in it. */
  let until: number | undefined;
  const waiting: (() => void)[] = [];

  const endTurn = () => {
    until = undefined;
    if (waiting.length === 0) return;
    until = performance.now() + SLICE_MS;
    setImmediate(endTurn);
    beginNext();
  };
  /** Each when all has been done that follows from the one before without an answer: that takes of the slice as well. */
  const beginNext = () => {
    waiting.shift()?.();
    if (waiting.length > 0 && performance.now() < (until ?? 0)) queueMicrotask(afterwards);
  };
  const afterwards = () => process.nextTick(beginNext);

  return (input: Input): Promise<Result> => {
    if (until === undefined) {
      until = performance.now() + SLICE_MS;
      setImmediate(endTurn);
    } else if (waiting.length > 0 || performance.now() >= until) {
      if (waiting.length >= MOST_WAITING) waiting.shift()?.();
      return new Promise((resolve) => waiting.push(() => resolve(run(input))));
    }
    return run(input);
  };
}
