import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSoak } from '../support/processes/soak.ts';

// The long form, `SOAK_REQUESTS=20000`, finds smaller leaks.
const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 1_500);
const WARM_UP = 300;

let soak: Awaited<ReturnType<typeof startSoak>>;

beforeAll(async () => {
  soak = await startSoak();
});
afterAll(() => soak.stop());

describe(`${REQUESTS} aborted requests`, () => {
  it('leave no memory, socket or listener behind', { timeout: 120_000 + REQUESTS * 50 }, async () => {
    await soak.abortRequests(WARM_UP);
    expect(await soak.openSockets()).toEqual({ gateway: 0, rest: 0 });
    const before = await soak.holdings();

    await soak.abortRequests(REQUESTS);
    expect(await soak.openSockets()).toEqual({ gateway: 0, rest: 0 });
    const after = await soak.holdings();

    expect({ warnings: after.warnings, logged: after.logged }).toEqual({ warnings: [], logged: [] });
    for (const [name, count] of Object.entries(after.objects)) {
      const more = count - (before.objects[name] ?? 0);
      // A leak is at least one per request; a few may come and go with timers and caches.
      expect(more, `${name} objects more than before`).toBeLessThan(REQUESTS / 10);
    }
    expect(after.heapBytes - before.heapBytes).toBeLessThan(8 * 1024 * 1024);
    expect((await fetch(`${soak.url}/health`)).status).toBe(200);
  });
});
