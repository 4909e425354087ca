import type { Clock } from '../clock.ts';

/** When a request arrived at the latest, on the clock; to be called when its answer begins. */
export type ArrivedBy = (endpoint: string, sentAt: number) => number;

/** An endpoint that answers faster than this is not told apart from the network. */
const NETWORK_MS = 15;
/** A request is not thought to be under way for longer: then the API was slow. */
const MAX_LAG_MS = 250;
const PERIOD_MS = 1_000;

interface Least {
  readonly from: number;
  readonly before: number;
  ms: number;
}

/**
 * The API counts arrivals, which lag behind the sending by a time that only the answer bounds. What an endpoint takes at
 * the least, over the last period and this one, is work and not lag: to count it would waste the quota.
 */
export function createArrivals(clock: Clock): ArrivedBy {
  const leasts = new Map<string, Least>();

  const leastOf = (endpoint: string, tookMs: number): number => {
    const now = clock.now();
    let least = leasts.get(endpoint);
    if (!least || now - least.from >= PERIOD_MS) {
      least = { from: now, before: least?.ms ?? 0, ms: tookMs };
      leasts.set(endpoint, least);
    }
    least.ms = Math.min(least.ms, tookMs);
    return Math.min(least.before, least.ms);
  };

  return (endpoint, sentAt) => {
    const tookMs = clock.now() - sentAt;
    const workMs = Math.max(0, leastOf(endpoint, tookMs) - NETWORK_MS);
    return sentAt + Math.min(MAX_LAG_MS, tookMs - workMs);
  };
}
