import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, expect } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { RedisStateOptions } from '../../../src/server/features.ts';
import { openGateway, type TestGateway, type TestGatewayOptions } from '../../support/gateways/gateway.ts';
import { useRedis } from '../../support/redis/redis.ts';

/** A machine that is busy with other tests answers late: that alone must not look like a loss. */
export const PATIENT_MS = 30_000;

/** A gateway that stands still for longer than this, in ns, sends late: by then its earlier permits may no longer be counted. */
const MOST_STALL = 150e6;

export interface GatewayOfSeveral extends TestGateway {
  readonly isLost: () => boolean;
  /** Why the others were lost, each time. */
  readonly losses: readonly Error[];
}

interface SeveralOptions extends Partial<TestGatewayOptions> {
  readonly upstream: string;
  readonly redis?: Partial<RedisStateOptions> & { readonly commandTimeoutMs?: number };
}

/** A Redis that is empty when a test begins, and gateways that share it; they are closed after the test. */
export function useSeveralGateways(engine?: string) {
  const redis = useRedis(engine);
  const stalls = monitorEventLoopDelay();
  const closing: (() => Promise<unknown>)[] = [];
  /** Closes all gateways: an open one would affect the next test through the same Redis. */
  const closeAll = async () => {
    const failures: unknown[] = [];
    for (const close of closing.splice(0).reverse()) await close().catch((failure) => failures.push(failure));
    if (failures.length > 0) throw failures[0];
  };
  const fixture = {
    get redis() {
      return redis.server;
    },
    /** Whether a test takes Redis away. */
    mayLose: false,
    /** For a test of a quota that is divided: what fails while the machine keeps this process waiting tells nothing, and begins anew. */
    inTime: { retry: { count: 4, condition: () => stalls.max > MOST_STALL } },
    /** To be closed after the test, the last one first. */
    closing,
    async open({ redis, transport, ...options }: SeveralOptions): Promise<GatewayOfSeveral> {
      const copies = { freshMs: 1_000, staleMs: 60_000, ...transport };
      const rate = transport?.rate ?? 50;
      const losses: Error[] = [];
      let isLost = false;
      const { commandTimeoutMs = PATIENT_MS, ...others } = redis ?? {};
      const stateOptions = {
        url: fixture.redis.url,
        longestTtlMs: Math.max(copies.freshMs, copies.staleMs),
        onChange(reason: Error | undefined) {
          isLost = reason !== undefined;
          if (reason) losses.push(reason);
        },
        ...others,
      };
      const state = await openStateInRedis(stateOptions, { commandTimeoutMs });
      const timeouts = { read: PATIENT_MS, write: PATIENT_MS };
      const gateway = await openGateway({ timeouts, ...options, transport: { ...copies, rate, state } });
      closing.push(async () => {
        await gateway.close();
        await state.close?.();
        expect(gateway.logged).toEqual([]);
        if (!fixture.mayLose) expect(losses).toEqual([]);
      });
      return { ...gateway, losses, isLost: () => isLost };
    },
    openAll: (count: number, options: SeveralOptions): Promise<GatewayOfSeveral[]> =>
      Promise.all(Array.from({ length: count }, () => fixture.open(options))),
  };
  beforeEach(() => {
    fixture.mayLose = false;
    stalls.reset();
    stalls.enable();
  });
  afterEach(async () => {
    stalls.disable();
    await closeAll();
  });
  return fixture;
}
