import type { RoundOptions } from '../contest.ts';
import { floor, ofTheGateway } from '../subjects.ts';
import type { Curve } from './curve.ts';
import { measurePopulation, oneScriptFrom } from './population.ts';

/** Quotas that are counted and never used up. */
const WITH_QUOTAS = { LUAAUTH_RATE: '100000', LUAAUTH_TOTAL_RATE: '1000000' };

/** More and more API keys, each with a quota of its own. */
export function measureAccounts(options: RoundOptions): Promise<Curve> {
  const subject = ofTheGateway('this gateway', WITH_QUOTAS);
  return measurePopulation(
    {
      name: 'accounts',
      title: 'CPU time and memory, and the accounts',
      items: 'accounts',
      counts: [1, 10, 100, 1_000, 10_000],
      kindOf: (count) =>
        oneScriptFrom(count, (account) => ({ header: 'token', value: `bench-key-of-account-${account}` })),
      gatewayOf: () => subject,
      beside: floor,
      note: 'One script, each operation with the API key of the next account. `LUAAUTH_RATE` is 100,000, so that the quota of each is counted and never used up.',
    },
    options,
  );
}
