/** A call counts for at least this time and at most twice as long, in ms. */
const COUNTED_MS = 1_500;
/** From this share of refused calls on, a quota explains the refusals. Fewer are random. */
const LIMITED_PART = 1 / 10;

export function createRefusalCount() {
  let before = { refused: 0, passed: 0 };
  let latest = { refused: 0, passed: 0 };
  let from = Number.NEGATIVE_INFINITY;

  const at = (now: number) => {
    const ageMs = now - from;
    if (ageMs >= COUNTED_MS) {
      before = ageMs < 2 * COUNTED_MS ? latest : { refused: 0, passed: 0 };
      latest = { refused: 0, passed: 0 };
      from = now;
    }
    return latest;
  };

  return {
    passed(now: number): void {
      at(now).passed += 1;
    },
    /** `first`: the first in a few seconds. An API that refuses at random gives `of few`. */
    refused(now: number): 'first' | 'of many' | 'of few' {
      at(now).refused += 1;
      const refused = before.refused + latest.refused;
      const calls = refused + before.passed + latest.passed;
      if (refused < calls * LIMITED_PART) return 'of few';
      return refused === 1 ? 'first' : 'of many';
    },
  };
}
