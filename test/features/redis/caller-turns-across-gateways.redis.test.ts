import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit } from '../../../src/state/port.ts';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import {
  type GatewayOfSeveral,
  PATIENT_MS,
  useSeveralGateways,
} from '../../support/gateways/several-gateways.ts';
import { accountOf, quotaOf } from '../../support/redis/records.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

/** Each asks another gateway. */
const OTHERS = ['greedy', 'busy', 'eager'];
const NAMES = [...OTHERS, 'polite'];
const HELD_KEY = 'held';
const RATE = 50;
const READS = 900;
const MOST_BEFORE = 25;
/** How often each case is tried, and how often at most where the machine stood still. */
const TRIES = 3;
const MOST_TRIES = 12;
/** A caller loses its turn where its process or Redis stands still for a second. */
const STOOD_STILL_MS = 900;
const QUEUED = '{ rateLimit { queued } }';

describeWithEachEngine('callers of three gateways take turns', (engine) => {
  const fixture = useSeveralGateways(engine);

  /** One more process with the same key, which takes all permits before it sends anything. */
  async function openHoarder() {
    const { url } = fixture.redis;
    const options = { rate: RATE, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
    const state = await openStateInRedis({ url, ...options });
    fixture.closing.push(async () => state.close?.());
    const account = createHash('sha256').update(HELD_KEY).digest('base64url');
    const limits = { rate: RATE, backoff: 1, recoveryPerSecond: 1 };
    const quota = state.quotas.open(account, undefined, limits, () => undefined);
    const permits: Permit[] = [];
    return {
      async takeAll(): Promise<void> {
        await eventually(async () => {
          while (permits.length < RATE) {
            const size = RATE - permits.length;
            const permit = await quota.take({ size, byCaller: () => [['hoarder', size]] }, false);
            if (typeof permit === 'number') throw new Error(`No permit for ${permit} ms.`);
            permits.push(permit);
          }
        });
      },
      free(count = permits.length): void {
        for (const permit of permits.splice(0, count)) permit.release();
      },
    };
  }

  async function open() {
    const recorder = await startDistantRecorder();
    fixture.closing.push(async () => recorder.close());
    const gateways = await fixture.openAll(3, {
      upstream: recorder.url,
      limits: { restCalls: 1_000 },
      timeouts: { read: 60_000, write: 60_000 },
      operationTimeoutMs: 60_000,
      credentials: { heldKey: HELD_KEY, keyRing: ringOf(NAMES.map((name) => ({ name }))) },
    });
    // A key that the API has accepted has all of its quota.
    for (const gateway of gateways) await gateway.execute(SCRIPT, { id: 'first' }, bearer('polite'));
    return { recorder, gateways, hoarder: await openHoarder() };
  }
  type Opened = Awaited<ReturnType<typeof open>>;

  /**
   * Lets callers read while there is no permit, and a polite one. Then frees as many permits as others may have before it, and
   * one more: its read is among those that arrive, in whatever order those of one moment do. Undefined: the machine stood still,
   * which tells nothing.
   */
  async function isPoliteInTime(
    { recorder, gateways, hoarder }: Opened,
    name: string,
    goOn: boolean,
  ): Promise<boolean | undefined> {
    const arrivals = async () =>
      (await recorder.arrivals()).filter(({ line }) => line.startsWith(`GET /scripts/${name}-`));
    const arrived = async (count: number) => {
      await eventually(async () => expect((await arrivals()).length).toBeGreaterThanOrEqual(count));
      return (await arrivals()).slice(0, count);
    };
    /** Waits for what is so before anything has arrived. The permits of a process that stands still are given to others. */
    const whileNoneArrives = (check: () => Promise<void>) =>
      eventually(async () => ((await arrivals()).length > 0 ? undefined : check()));
    /** Waits until so many callers wait for their turns, at whichever gateways. */
    const waiting = (count: number) =>
      whileNoneArrives(async () => {
        const { callers = {} } = (await quotaOf(fixture.redis, accountOf(HELD_KEY))) ?? {};
        expect(Object.values(callers).filter(([, , waits]) => waits === 1)).toHaveLength(count);
      });

    await hoarder.takeAll();
    const clients = new AbortController();
    const count = READS / OTHERS.length;
    const answers = gateways.map(async (gateway, index) => {
      const ids = Array.from({ length: count }, (_one, id) => `${name}-${index}-${id}`);
      await gateway.execute(SCRIPTS, { ids }, bearer(OTHERS[index] ?? ''), clients.signal);
    });
    for (const gateway of gateways) {
      await whileNoneArrives(async () =>
        expect((await gateway.execute(QUEUED, {}, bearer('polite'))).data).toEqual({
          rateLimit: { queued: count },
        }),
      );
    }
    await waiting(OTHERS.length);
    const askedAt = performance.now();
    const [gateway] = gateways as [GatewayOfSeveral];
    const answer = gateway.execute(SCRIPT, { id: `${name}-polite` }, bearer('polite'), clients.signal);
    await waiting(OTHERS.length + 1);
    const isEarly = (await arrivals()).length > 0;

    hoarder.free(MOST_BEFORE + 1);
    const first = await arrived(MOST_BEFORE + 1);
    const tookMs = performance.now() - askedAt;
    const isInTime = first.some(({ line }) => line.endsWith('-polite'));
    if (isInTime) expect((await answer).errors).toBeUndefined();
    if (goOn) {
      hoarder.free();
      expect(busiestSecond(await arrived(3 * RATE))).toBeLessThanOrEqual(RATE);
    }
    clients.abort();
    await Promise.allSettled([...answers, answer]);
    hoarder.free();
    const tellsNothing = isEarly || (!isInTime && tookMs > STOOD_STILL_MS);
    return tellsNothing ? undefined : isInTime;
  }

  it(`at most ${MOST_BEFORE} of ${READS} reads go before a polite one`, { timeout: 240_000 }, async () => {
    const opened = await open();
    const wasInTime: boolean[] = [];
    for (let tries = 0; tries < MOST_TRIES && wasInTime.length < TRIES; tries += 1) {
      const isLast = wasInTime.length === TRIES - 1;
      const isInTime = await isPoliteInTime(opened, `try${tries}`, isLast);
      if (isInTime !== undefined) wasInTime.push(isInTime);
    }
    expect(wasInTime).toEqual(Array(TRIES).fill(true));
  });
});
