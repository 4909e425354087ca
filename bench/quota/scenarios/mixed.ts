import { createRandom } from '../../../src/features/sandbox/random.ts';
import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import { offerLoad } from '../support/load.ts';
import { measure } from '../support/measure.ts';
import { readBody } from '../support/operations.ts';
import { createOutcomes } from '../support/outcomes.ts';
import { reportLoad } from '../support/report.ts';
import { scriptId } from '../support/scripts.ts';
import { createVersions } from '../support/versions.ts';
import { runIn, warmUp } from '../support/warm-up.ts';
import { createZipf } from '../support/zipf.ts';
import type { Scenario } from './scenario.ts';

const SCRIPTS = 200;
const EXPONENT = 1;
const SEED = 2;
const SHARE_OF_EDITS = 0.01;
/** Readers of a script that was just edited wait for the quota; fewer connections would make all others wait with them. */
const CONNECTIONS = 1_024;
/** For what follows a rename. */
const OTHER_CONNECTIONS = 64;

/**
 * Popular scripts are read and now and then renamed, to a number that goes up. Each rename is followed at once by a read
 * over another connection. Whatever read begins after a rename was answered must show that number or a later one.
 */
export const mixed: Scenario = async function* ({ seconds, perSecond, settings }) {
  const bodies = Array.from({ length: SCRIPTS }, (_, index) => readBody(scriptId(index)));
  yield await withFixture({ scripts: SCRIPTS, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, CONNECTIONS);
    const otherClient = await openClient(fixture.gateway.url, OTHER_CONNECTIONS);
    const random = createRandom(SEED);
    const pick = createZipf(SCRIPTS, EXPONENT, random.next);
    await warmUp(client, bodies);
    await runIn(client, perSecond, () => bodies[pick()] as string);
    const versions = createVersions(SCRIPTS);
    const outcomes = {
      reads: createOutcomes(),
      renames: createOutcomes(),
      'reads after a rename': createOutcomes(),
    };

    const read = async (script: number, kind: 'reads' | 'reads after a rename', scheduledAt: number) => {
      const through = kind === 'reads' ? client : otherClient;
      const shown = versions.expect(script);
      const answer = await outcomes[kind].note(scheduledAt, through.send(bodies[script] as string));
      if (answer) shown(answer);
    };
    const rename = async (script: number, scheduledAt: number) => {
      const renaming = versions.rename(script);
      const answer = await outcomes.renames.note(scheduledAt, client.send(renaming.body));
      renaming.end(answer);
      await read(script, 'reads after a rename', performance.now());
    };

    const { result: offered, cost } = await measure(fixture, () =>
      offerLoad({
        perSecond,
        seconds,
        begin: (_index, scheduledAt) => {
          const script = pick();
          // One rename of a script at a time: of two simultaneous renames, either could be the later.
          if (random.chance(SHARE_OF_EDITS)) return rename(versions.freeFrom(script), scheduledAt);
          return read(script, 'reads', scheduledAt);
        },
      }),
    );
    await Promise.all([client.close(), otherClient.close()]);
    const load = { perSecond, offered, outcomes, staleAfterWrite: versions.staleReads() };
    return reportLoad(
      `Mixed: ${SHARE_OF_EDITS * 100} % renames among reads of ${SCRIPTS} scripts`,
      load,
      cost,
    );
  });
};
