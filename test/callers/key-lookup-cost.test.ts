import { expect, it } from 'vitest';
import { createKeyRing, entriesOfPlainKeys } from '../../src/callers/key-ring.ts';

const ASKED = 500;

/** The CPU time in ms that so many wrong keys take beside these; the least of several tries. */
function costBeside(count: number): number {
  const ring = createKeyRing(
    entriesOfPlainKeys(Array.from({ length: count }, (_one, index) => `key-${index}`)),
  );
  const tries = Array.from({ length: 5 }, (_try, round) => {
    const before = process.cpuUsage();
    let unknown = 0;
    for (let index = 0; index < ASKED; index += 1)
      if (ring.find(`wrong-${round}-${index}`) === 'unknown') unknown += 1;
    const cost = process.cpuUsage(before).user / 1_000;
    expect(unknown).toBe(ASKED);
    return cost;
  });
  return Math.min(...tries);
}

it('a wrong key beside 8,000 costs about what it costs beside one', () => {
  const alone = costBeside(1);
  // To compare it with each of them cost some hundred times as much.
  expect(costBeside(8_000)).toBeLessThan(10 * alone + 20);
});
