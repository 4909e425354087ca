import { createPlan, type Plan } from './plan.ts';
import { type Outcome, play } from './world.ts';

const SIZES = [1, 3, 10, 30, 100];
const RATE = 50;
/** Gateways have found each other, and the quota is divided, after this time. */
const STARTED_SECONDS = 20;
/** The least callers in all, and at each gateway. A caller waits for its answer before it asks again. */
const CALLERS = 60;
const CALLERS_EACH = 2;

/** Gateways near Redis, with more to do than the quota allows, or with nothing to do. */
function planOf(gateways: number, seconds: number, isBusy: boolean): Plan {
  const plan = createPlan({ seed: 'curve', seconds, gateways, kinds: [], hasStreams: false });
  return {
    ...plan,
    rate: RATE,
    storeDrift: 0,
    hasRush: false,
    gateways: plan.gateways.map(() => ({
      startsAt: 0,
      drift: 0,
      storeLatencyMs: 0.2,
      apiLatencyMs: 20,
      jitterMs: 0.3,
      storeLoss: 0,
      apiLoss: 0,
    })),
    callers: Array.from(
      { length: isBusy ? Math.max(CALLERS, CALLERS_EACH * gateways) : 0 },
      (_one, index) => ({
        name: `c${index}`,
        key: 'key-a',
        gateway: index % gateways,
        thinkMs: 1,
        writes: 0,
        scripts: 1_000_000,
        burst: 1,
        joinsAt: 0,
        leavesAt: seconds * 1_000,
      }),
    ),
  };
}

/** Measures so many seconds after the start. */
async function measure(gateways: number, seconds: number, isBusy: boolean) {
  const plan = planOf(gateways, STARTED_SECONDS + seconds, isBusy);
  const [before, after] = [
    await play(plan, { untilMs: STARTED_SECONDS * 1_000 }),
    await play(plan, { untilMs: (STARTED_SECONDS + seconds) * 1_000 }),
  ];
  if (after.violation) throw new Error(`${after.violation.rule}: ${after.violation.what}`);
  const rateOf = (count: (outcome: Outcome) => number) => (count(after) - count(before)) / seconds;
  const made = plan.gateways.map((_one, index) => rateOf(({ arrivals }) => arrivals[`g${index}.1`] ?? 0));
  return {
    commands: rateOf((outcome) => outcome.commands),
    bytes: rateOf((outcome) => outcome.bytes),
    requests: rateOf((outcome) => outcome.requests),
    least: Math.min(...made),
    most: Math.max(...made),
  };
}

/** Prints the table of `docs/several-gateways.md`, a line for each number of gateways. */
export async function printCurve(seconds: number): Promise<void> {
  console.log(
    '| gateways | commands a second, idle | busy | bytes a second, idle | busy | quota used | requests of a gateway a second: least, most |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const gateways of SIZES) {
    const idle = await measure(gateways, seconds, false);
    const busy = await measure(gateways, seconds, true);
    const cells = [
      gateways,
      idle.commands.toFixed(0),
      busy.commands.toFixed(0),
      inKilobytes(idle.bytes),
      inKilobytes(busy.bytes),
      `${((100 * busy.requests) / RATE).toFixed(0)} %`,
      `${busy.least.toFixed(2)}, ${busy.most.toFixed(2)}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function inKilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}
