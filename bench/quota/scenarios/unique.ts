import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import { offerLoad } from '../support/load.ts';
import { measure } from '../support/measure.ts';
import { readBody } from '../support/operations.ts';
import { createOutcomes } from '../support/outcomes.ts';
import { reportLoad } from '../support/report.ts';
import { QUOTA_PER_SECOND, scriptId } from '../support/scripts.ts';
import type { Scenario } from './scenario.ts';

const OFFERED_PER_SECOND = 2 * QUOTA_PER_SECOND;
/** Every operation that waits for the quota holds one; they wait 10 s at most. */
const CONNECTIONS = 1_024;
const LEAST_SHARE_OF_QUOTA = 0.95;

/** Every operation asks for another script, twice as fast as the quota allows: nothing can be shared or kept. */
export const unique: Scenario = async function* ({ seconds, settings }) {
  const scripts = OFFERED_PER_SECOND * seconds;
  const bodies = Array.from({ length: scripts }, (_, index) => readBody(scriptId(index)));
  yield await withFixture({ scripts, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, CONNECTIONS);
    const reads = createOutcomes();
    const { result: offered, cost } = await measure(fixture, () =>
      offerLoad({
        perSecond: OFFERED_PER_SECOND,
        seconds,
        begin: async (index, scheduledAt) =>
          void (await reads.note(scheduledAt, client.send(bodies[index] as string))),
      }),
    );
    await client.close();
    const load = { perSecond: OFFERED_PER_SECOND, offered, outcomes: { reads } };
    const others = [...reads.errors.keys()].filter((code) => code !== 'RATE_LIMITED');
    return reportLoad('All unique: each operation another script, at twice the quota', load, cost, [
      {
        text: `at least ${LEAST_SHARE_OF_QUOTA * 100} % of the quota is used while operations wait`,
        met: cost.rest.calls / cost.seconds >= QUOTA_PER_SECOND * LEAST_SHARE_OF_QUOTA,
      },
      { text: 'every REST call serves an operation', met: cost.rest.calls === reads.served },
      { text: 'no error but RATE_LIMITED, by the gateway itself', met: others.length === 0 },
    ]);
  });
};
