import { afterEach, beforeEach, expect } from 'vitest';
import { openStateInRedis, type RedisStateOptions } from '../../src/state/redis/open.ts';
import { openGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type RedisServer, startRedis } from './redis.ts';

/** A machine that is busy with other tests answers late: that alone must not look like a loss. */
export const PATIENT_MS = 30_000;

export interface GatewayOfSeveral extends TestGateway {
  readonly isLost: () => boolean;
  /** Why the others were lost, each time. */
  readonly losses: readonly Error[];
}

interface SeveralOptions extends Partial<TestGatewayOptions> {
  readonly upstream: string;
  readonly redis?: Partial<RedisStateOptions>;
}

/** A Redis for each test, and gateways that share it; all are closed after the test. */
export function useSeveralGateways(engine?: string) {
  const closing: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  const fixture = {
    redis: {} as RedisServer,
    /** Whether a test takes Redis away. */
    mayLose: false,
    /** To be closed after the test, the last one first. */
    closing,
    async open({ redis, transport, ...options }: SeveralOptions): Promise<GatewayOfSeveral> {
      const copies = { freshMs: 1_000, staleMs: 60_000, ...transport };
      const rate = transport?.rate ?? 50;
      const losses: Error[] = [];
      const state = await openStateInRedis({
        url: fixture.redis.url,
        rate,
        longestCopyMs: Math.max(copies.freshMs, copies.staleMs),
        commandTimeoutMs: PATIENT_MS,
        onChange: (reason) => reason && losses.push(reason),
        ...redis,
      });
      const gateway = await openGateway({ ...options, transport: { ...copies, rate, state } });
      closing.push(async () => {
        await gateway.close();
        await state.close?.();
        expect(gateway.logged).toEqual([]);
        if (!fixture.mayLose) expect(losses).toEqual([]);
      });
      return { ...gateway, losses, isLost: () => (state.coordination?.partition ?? 0) > 0 };
    },
    /** Closes all gateways, and leaves nothing in Redis. */
    async beginAnew(): Promise<void> {
      await closeAll();
      await fixture.redis.command('FLUSHALL');
    },
    openAll: (count: number, options: SeveralOptions): Promise<GatewayOfSeveral[]> =>
      Promise.all(Array.from({ length: count }, () => fixture.open(options))),
  };
  beforeEach(async () => {
    fixture.mayLose = false;
    fixture.redis = await startRedis(engine);
  });
  afterEach(async () => {
    await closeAll();
    await fixture.redis.close();
  });
  return fixture;
}
