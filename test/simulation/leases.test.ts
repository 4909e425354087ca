import { expect, it } from 'vitest';
import { loadClient } from '../../src/features/redis/driver.ts';
import { getScript } from '../../src/luaauth/scripts.ts';
import { SimulatedApi } from './api.ts';
import { SimulatedGateway } from './gateway.ts';
import { Kernel } from './kernel.ts';
import { Store } from './store.ts';
import { Visitors } from './visitors.ts';

const nothing = () => undefined;

it('a call that fails gives its lease back at once, so that another process can make it', async () => {
  // An import takes real time.
  await loadClient();
  const [kernel, seed] = [new Kernel(), 'leases'];
  const store = new Store(kernel, seed, 0, undefined);
  const visitors = new Visitors(kernel);
  const api = new SimulatedApi({
    kernel,
    seed,
    visitors,
    onSending: nothing,
    onArrival: nothing,
    onWrite: nothing,
  });
  const near = {
    startsAt: 0,
    drift: 0,
    storeLatencyMs: 1,
    apiLatencyMs: 1,
    jitterMs: 0,
    storeLoss: 0,
    apiLoss: 0,
  };
  const gateway = new SimulatedGateway({
    plan: near,
    name: 'g0',
    kernel,
    seed,
    store,
    api,
    rate: 50,
    instances: 1,
  });
  const leases = () => store.model.keys.filter((key) => key.includes(':lease-'));
  await kernel.run(5_000);
  api.mood = { workMs: 20, failing: 'fails', chance: 1 };
  let isOver = false;
  getScript(gateway.open('key', 'caller'), { script_id: 'a' }).catch(() => {
    isOver = true;
  });
  await kernel.run(5_010);
  expect(leases()).toHaveLength(1);
  await kernel.run(15_000, () => isOver);
  expect(isOver).toBe(true);
  await kernel.run(kernel.now + 10);
  expect(leases()).toEqual([]);
});
