import { afterEach } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { RedisStateOptions } from '../../../src/server/features.ts';
import type { Clock } from '../../../src/transport/clock.ts';
import type { TransportState } from '../../../src/transport/shared-state.ts';
import { PATIENT_MS } from '../gateways/several-gateways.ts';
import type { RedisServer } from './redis.ts';

/** Opens states in a Redis, each as a process of the gateway does. After each test, closes them and all else in `closing`. */
export function useStates(redis: { readonly server: RedisServer }) {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    closing,
    async open(options: Partial<RedisStateOptions> = {}, clock?: Clock): Promise<TransportState> {
      const { url } = redis.server;
      const all = { url, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS, ...options };
      const state = await openStateInRedis(all, clock && { clock });
      closing.push(async () => state.close?.());
      return state;
    },
  };
}
