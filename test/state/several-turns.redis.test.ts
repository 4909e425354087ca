import { expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../support/distant-recorder.ts';
import { bearer, ringOf } from '../support/keys.ts';
import { SCRIPT, SCRIPTS } from '../support/reads.ts';
import { describeWithRedis } from '../support/redis.ts';
import { useSeveralGateways } from '../support/several-gateways.ts';
import { watchStalls } from '../support/uncertainty.ts';
import { eventually } from '../support/waiting.ts';

const NAMES = ['greedy', 'busy', 'eager', 'polite'];
const READS = 900;
const MOST_ATTEMPTS = 4;
/** A process that stood still for longer has missed its turn. */
const STALL_MS = 100;
const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithRedis('callers of three gateways', () => {
  const fixture = useSeveralGateways();

  /** How many reads of these callers go before each read of a polite one, as far as no process has stood still meanwhile. */
  async function readsBeforePolite(callers: readonly (string | undefined)[]): Promise<readonly number[]> {
    const recorder = await startDistantRecorder();
    fixture.closing.push(async () => recorder.close());
    const gateways = await fixture.openAll(3, {
      upstream: recorder.url,
      limits: { restCalls: 1_000 },
      timeouts: { read: 60_000, write: 60_000 },
      operationTimeoutMs: 60_000,
      credentials: { heldKey: 'held', keyRing: ringOf(NAMES.map((name) => ({ name }))) },
    });
    const count = READS / callers.filter((caller) => caller !== undefined).length;
    const clients = new AbortController();
    const reading = gateways.map((gateway, index) => {
      const caller = callers[index];
      if (caller === undefined) return undefined;
      return gateway.execute(SCRIPTS, { ids: ids(count, `g${index}-`) }, bearer(caller), clients.signal);
    });
    const polite = gateways[0] as (typeof gateways)[number];
    const queued = async () => {
      const { data } = await polite.execute('{ rateLimit { queued } }', {}, bearer('polite'));
      return (data as { rateLimit: { queued: number } }).rateLimit.queued;
    };
    const before: number[] = [];
    const uncertaintyMs = watchStalls();
    for (const id of ids(16, 'polite')) {
      if (before.length === 5) break;
      // All that the quota allows has been sent: what is asked for now has to wait.
      const goal = (await recorder.arrivals()).length + 50;
      if (goal > READS) break;
      await eventually(async () => expect((await recorder.arrivals()).length).toBeGreaterThanOrEqual(goal));
      const others = await queued();
      let stalledMs = uncertaintyMs();
      const watching = setInterval(() => {
        stalledMs = Math.max(stalledMs, uncertaintyMs());
      }, 10);
      const answer = polite.execute(SCRIPT, { id }, bearer('polite'));
      await Promise.race([answer, eventually(async () => expect(await queued()).toBeGreaterThan(others))]);
      const sent = (await recorder.arrivals()).length;
      expect((await answer).errors).toBeUndefined();
      const arrivals = await recorder.arrivals();
      clearInterval(watching);
      const at = arrivals.findIndex(({ line }) => line === `GET /scripts/${id}`);
      // A machine that keeps one of the processes waiting lets a whole second go at once: that tells nothing of turns.
      const wasKept = arrivals.slice(sent, at + 1).some(({ uncertainMs }) => uncertainMs > STALL_MS);
      if (stalledMs <= STALL_MS && !wasKept) before.push(at - sent);
    }
    clients.abort();
    await Promise.allSettled(reading);
    expect(busiestSecond(await recorder.arrivals())).toBeLessThanOrEqual(50);
    return before;
  }

  it.each([
    ['one other caller, at all of them', ['greedy', 'greedy', 'greedy']],
    ['one other caller, elsewhere', [undefined, 'greedy', 'greedy']],
    ['another caller at each', ['greedy', 'busy', 'eager']],
  ])(
    'take turns: at most 25 of 900 reads of %s go before a polite one',
    { timeout: 240_000 },
    async (_title, callers) => {
      let before = await readsBeforePolite(callers);
      // Where the machine stands still again and again, there is nothing to judge yet.
      for (let attempts = 1; before.length === 0 && attempts < MOST_ATTEMPTS; attempts += 1) {
        await fixture.beginAnew();
        before = await readsBeforePolite(callers);
      }
      expect(before.length).toBeGreaterThan(0);
      expect(Math.max(...before), String(before)).toBeLessThanOrEqual(25);
    },
  );
});
