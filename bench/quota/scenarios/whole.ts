import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import { offerLoad } from '../support/load.ts';
import { measure } from '../support/measure.ts';
import { readAllBody } from '../support/operations.ts';
import { createOutcomes } from '../support/outcomes.ts';
import { reportLoad } from '../support/report.ts';
import { QUOTA_PER_SECOND, scriptId } from '../support/scripts.ts';
import type { Scenario } from './scenario.ts';

const READS = 5;
const OFFERED_PER_SECOND = (2 * QUOTA_PER_SECOND) / READS;
/** Each operation that waits for the quota holds a connection, for 10 s at most. */
const CONNECTIONS = 256;
const LEAST_USEFUL_SHARE = 0.9;

/** Operations of five reads each ask for twice the quota. An operation with four answers is of no use. */
export const whole: Scenario = async function* ({ seconds, settings }) {
  const count = OFFERED_PER_SECOND * seconds;
  const bodies = Array.from({ length: count }, (_, operation) =>
    readAllBody(Array.from({ length: READS }, (_one, index) => scriptId(READS * operation + index))),
  );
  yield await withFixture({ scripts: READS * count, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, CONNECTIONS);
    const operations = createOutcomes();
    const { result: offered, cost } = await measure(fixture, () =>
      offerLoad({
        perSecond: OFFERED_PER_SECOND,
        seconds,
        begin: async (index, scheduledAt) =>
          void (await operations.note(scheduledAt, client.send(bodies[index] as string))),
      }),
    );
    await client.close();
    const load = { perSecond: OFFERED_PER_SECOND, offered, outcomes: { operations } };
    return reportLoad(`Whole: operations of ${READS} reads, at twice the quota`, load, cost, [
      {
        text: `at least ${LEAST_USEFUL_SHARE * 100} % of the REST calls belong to operations with all their answers`,
        met: operations.served * READS >= cost.rest.calls * LEAST_USEFUL_SHARE,
      },
    ]);
  });
};
