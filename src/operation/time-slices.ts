/** How long operations or events may begin one after the other before the event loop continues. */
const SLICE_MS = 20;
/** If more wait, the oldest begins with each arrival, which slows senders down. */
const MOST_WAITING = 1_000;

/** Further operations wait in order: hundreds at once would delay health checks until all are planned. */
export function inTimeSlices<Input, Result>(run: (input: Input) => Promise<Result>) {
  /** When the slice of this turn ends. Undefined if nothing has begun in this turn. */
  let until: number | undefined;
  const waiting: (() => void)[] = [];

  const endTurn = () => {
    until = undefined;
    if (waiting.length === 0) return;
    until = performance.now() + SLICE_MS;
    setImmediate(endTurn);
    beginNext();
  };
  /** Begins the next operation after the microtasks of the previous operation, which use the slice too. */
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
