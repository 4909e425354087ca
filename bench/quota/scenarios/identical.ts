import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import { offerLoad } from '../support/load.ts';
import { measure } from '../support/measure.ts';
import { readBody } from '../support/operations.ts';
import { createOutcomes } from '../support/outcomes.ts';
import { reportLoad } from '../support/report.ts';
import { scriptId } from '../support/scripts.ts';
import { runIn } from '../support/warm-up.ts';
import { popularTargets, type Scenario } from './scenario.ts';

const CONNECTIONS = 64;

/** Everybody asks for the same script. */
export const identical: Scenario = async function* ({ seconds, perSecond, settings }) {
  yield await withFixture({ scripts: 1, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, CONNECTIONS);
    const reads = createOutcomes();
    const body = readBody(scriptId(0));
    await runIn(client, perSecond, () => body);
    const { result: offered, cost } = await measure(fixture, () =>
      offerLoad({
        perSecond,
        seconds,
        begin: async (_index, scheduledAt) => void (await reads.note(scheduledAt, client.send(body))),
      }),
    );
    await client.close();
    const load = { perSecond, offered, outcomes: { reads } };
    const targets = popularTargets(perSecond, offered.operations, reads, cost);
    return reportLoad('Identical: one script for all', load, cost, targets);
  });
};
