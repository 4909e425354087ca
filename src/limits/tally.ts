import { saturate } from './over-limit.ts';

/** REST calls by endpoint. */
export type Tally = Map<string, number>;

export function addCalls(tally: Tally, endpoint: string, calls: number): void {
  if (calls === 0) return;
  tally.set(endpoint, saturate((tally.get(endpoint) ?? 0) + calls));
}

export function addTally(tally: Tally, other: Tally): void {
  for (const [endpoint, calls] of other) addCalls(tally, endpoint, calls);
}

export function sumOf(tally: Tally): number {
  let sum = 0;
  for (const calls of tally.values()) sum += calls;
  return saturate(sum);
}
