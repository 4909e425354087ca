import { openClient } from '../support/client.ts';
import { withFixture } from '../support/fixture.ts';
import type { GatewaySettings } from '../support/gateway.ts';
import { measure } from '../support/measure.ts';
import { readAllBody, readBody } from '../support/operations.ts';
import { createOutcomes, percentile } from '../support/outcomes.ts';
import { costRows, mustBeZero, type Report, restRows } from '../support/report.ts';
import { LATENCY_MS, QUOTA_PER_SECOND, scriptId } from '../support/scripts.ts';
import type { Scenario } from './scenario.ts';

interface Burst {
  readonly title: string;
  /** How many scripts each repetition reads; no script is read twice. */
  readonly scripts: number;
  readonly repetitions: number;
  readonly bodies: (ids: readonly string[]) => string[];
}

const BURSTS: readonly Burst[] = [
  {
    title: 'Burst: one operation over 100 scripts, after idle',
    scripts: 100,
    repetitions: 5,
    bodies: (ids) => [readAllBody(ids)],
  },
  {
    title: 'Burst: 500 operations at once, each over another script, after idle',
    scripts: 500,
    repetitions: 3,
    bodies: (ids) => ids.map(readBody),
  },
];
/** Longer than the quota's window, with room for what clocks may be off. */
const IDLE_MS = 1_500;
const MOST_OVER_MINIMUM = 1.05;

/** Sends more reads at once than a second's quota. They should take as long as the quota requires, and hardly longer. */
export const bursts: Scenario = async function* ({ settings }) {
  for (const burst of BURSTS) yield await run(burst, settings);
};

function run(burst: Burst, settings: GatewaySettings): Promise<Report> {
  const { title, scripts, repetitions } = burst;
  const minimumMs = (Math.ceil(scripts / QUOTA_PER_SECOND) - 1) * 1_000 + LATENCY_MS;
  return withFixture({ scripts: scripts * repetitions, settings }, async (fixture) => {
    const client = await openClient(fixture.gateway.url, scripts);
    const outcomes = createOutcomes();
    const { result: timesMs, cost } = await measure(fixture, async () => {
      const times: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition += 1) {
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        const ids = Array.from({ length: scripts }, (_, index) => scriptId(repetition * scripts + index));
        const startedAt = performance.now();
        await Promise.all(burst.bodies(ids).map((body) => outcomes.note(startedAt, client.send(body))));
        times.push(performance.now() - startedAt);
      }
      return times;
    });
    await client.close();
    const zeros = mustBeZero(outcomes.errors, cost);
    const errors = [...outcomes.errors].map(([code, count]) => `${code} ${count}`).join(', ');
    return {
      title,
      rows: [
        ['time of each repetition', `${timesMs.map((ms) => ms.toFixed(0)).join(', ')} ms`],
        ['least that the quota allows', `${minimumMs} ms`],
        ...restRows(cost),
        ['GraphQL errors', errors || 'none'],
        ...zeros.rows,
        ...costRows(cost),
      ],
      broken: zeros.broken,
      targets: [
        {
          text: `the median is at most ${((MOST_OVER_MINIMUM - 1) * 100).toFixed(0)} % over the least`,
          met: percentile(timesMs, 0.5) <= minimumMs * MOST_OVER_MINIMUM,
        },
        { text: 'one REST call for each script', met: cost.rest.calls === scripts * repetitions },
        { text: 'no errors', met: outcomes.errors.size === 0 },
      ],
    };
  });
}
