/** For how long operations may begin, one after the other, before the event loop goes on with all else, in ms. */
const SLICE_MS = 20;
/** More than this do not wait: what arrives then has to wait for the oldest to begin, which slows its sender down. */
const MOST_WAITING = 1_000;

/**
 * Gives operations a slice of each turn of the event loop to begin in; those that find it used up wait for a later turn, in
 * their order. Otherwise hundreds that arrive together keep health checks and answers waiting until each is planned.
 */
export function inTimeSlices<Input, Result>(run: (input: Input) => Promise<Result>) {
  /** When the slice of this turn is used up; undefined: nothing has begun in it. */
  let until: number | undefined;
  let waiting: (() => void)[] = [];

  const endTurn = () => {
    until = undefined;
    if (waiting.length === 0) return;
    until = performance.now() + SLICE_MS;
    setImmediate(endTurn);
    let begun = 0;
    do waiting[begun++]?.();
    while (begun < waiting.length && performance.now() < until);
    waiting = waiting.slice(begun);
  };

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
