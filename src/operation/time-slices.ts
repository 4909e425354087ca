import { Flow, type Share } from '../transport/scheduler/flow.ts';

/** For how long operations or events may begin before the event loop continues without them. */
const SLICE_MS = 20;
/** Turns of the event loop between slices: Node.js accepts one connection in each. An empty turn takes about 10 µs. */
const MOST_BETWEEN = 32;
const LEAST_BETWEEN = 8;
/** After this time, the fewest turns are enough: other work may fill them. */
const LONG_BETWEEN_MS = 50;
/** If more wait, another begins with each arrival, which slows senders down. */
const MOST_WAITING = 1_000;

const EVEN: Share = { cost: 1, credit: 1 };

/**
 * Operations beyond a slice wait: hundreds at once would delay new connections, health checks and answers.
 * @param strangerOf - the client of an operation whose key may be made up; these clients take turns. Undefined for other
 * operations, which get every other turn at least.
 */
export function inTimeSlices<Input, Result>(
  run: (input: Input) => Promise<Result>,
  strangerOf: (input: Input) => string | undefined = () => undefined,
  mostWaiting = MOST_WAITING,
) {
  /** The part of the slice that earlier turns have used. */
  let usedMs = 0;
  /** When the first operation of this turn began. */
  let beganAt: number | undefined;
  let isBetween = false;
  /** Turns since the last arrival. */
  let quietTurns = 0;
  const waiting = new Flow<() => void>(EVEN, undefined);

  const begin = () => waiting.next(() => true, false)?.();
  const wait = (stranger: string | undefined, operation: () => void) => {
    quietTurns = 0;
    const flow = waiting.flowOf(stranger === undefined, EVEN);
    (stranger === undefined ? flow : flow.flowOf(stranger, EVEN)).add(operation);
  };

  const isUsedUp = () => usedMs + performance.now() - (beganAt ?? 0) >= SLICE_MS;
  const endTurn = () => {
    usedMs += performance.now() - (beganAt ?? 0);
    beganAt = undefined;
    if (usedMs < SLICE_MS) return;
    usedMs = 0;
    between(0, performance.now() + LONG_BETWEEN_MS);
  };
  const between = (turns: number, longAt: number) => {
    quietTurns += 1;
    const isLong = quietTurns > LEAST_BETWEEN || performance.now() > longAt;
    isBetween = turns < (isLong ? LEAST_BETWEEN : MOST_BETWEEN);
    if (isBetween) setImmediate(between, turns + 1, longAt);
    else if (waiting.size > 0) {
      beganAt = performance.now();
      setImmediate(endTurn);
      beginNext();
    }
  };
  /** Begins the next operation after the microtasks of the previous operation, which use the slice too. */
  const beginNext = () => {
    begin();
    if (waiting.size > 0 && !isUsedUp()) queueMicrotask(() => process.nextTick(beginNext));
  };

  return (input: Input): Promise<Result> => {
    if (isBetween || waiting.size > 0 || (beganAt !== undefined && isUsedUp())) {
      if (waiting.size >= mostWaiting) begin();
      return new Promise((resolve) => wait(strangerOf(input), () => resolve(run(input))));
    }
    if (beganAt === undefined) {
      beganAt = performance.now();
      setImmediate(endTurn);
    }
    return run(input);
  };
}
