import { createRandom } from '../../../src/features/sandbox/random.ts';
import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import { offerLoad } from '../support/load.ts';
import { measure } from '../support/measure.ts';
import { readBody } from '../support/operations.ts';
import { createOutcomes } from '../support/outcomes.ts';
import { type Report, reportLoad } from '../support/report.ts';
import { scriptId } from '../support/scripts.ts';
import { runIn, warmUp } from '../support/warm-up.ts';
import { createZipf } from '../support/zipf.ts';
import { popularTargets, type Scenario, type ScenarioOptions } from './scenario.ts';

const SCRIPTS = 1_000;
const EXPONENT = 1;
const SEED = 1;
const CONNECTIONS = 64;
/** While nothing is known yet, most operations wait for the quota: fewer connections would make them wait here. */
const COLD_CONNECTIONS = 2_048;

/** Few scripts are read often and many are read seldom, as in life: once from nothing, once when all are known. */
export const zipf: Scenario = async function* (options) {
  yield await run(options, 'cold');
  yield await run(options, 'warm');
};

function run({ seconds, perSecond, settings }: ScenarioOptions, state: 'cold' | 'warm'): Promise<Report> {
  const bodies = Array.from({ length: SCRIPTS }, (_, index) => readBody(scriptId(index)));
  return withFixture({ scripts: SCRIPTS, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, state === 'cold' ? COLD_CONNECTIONS : CONNECTIONS);
    const pick = createZipf(SCRIPTS, EXPONENT, createRandom(SEED).next);
    if (state === 'warm') {
      await warmUp(client, bodies);
      await runIn(client, perSecond, () => bodies[pick()] as string);
    }
    const reads = createOutcomes();
    const { result: offered, cost } = await measure(fixture, () =>
      offerLoad({
        perSecond,
        seconds,
        begin: async (_index, scheduledAt) =>
          void (await reads.note(scheduledAt, client.send(bodies[pick()] as string))),
      }),
    );
    await client.close();
    const load = { perSecond, offered, outcomes: { reads } };
    const targets = state === 'warm' ? popularTargets(perSecond, offered.operations, reads, cost) : [];
    return reportLoad(`Zipf over ${SCRIPTS} scripts, ${state}`, load, cost, targets);
  });
}
