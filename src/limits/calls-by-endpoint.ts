import { saturate } from './over-limit.ts';

/** REST calls by endpoint. */
export type CallsByEndpoint = Map<string, number>;

export function addCalls(calls: CallsByEndpoint, endpoint: string, count: number): void {
  if (count === 0) return;
  calls.set(endpoint, saturate((calls.get(endpoint) ?? 0) + count));
}

export function addAllCalls(calls: CallsByEndpoint, others: CallsByEndpoint): void {
  for (const [endpoint, count] of others) addCalls(calls, endpoint, count);
}

export function sumOf(calls: CallsByEndpoint): number {
  let sum = 0;
  for (const count of calls.values()) sum += count;
  return saturate(sum);
}
