import { oneScript } from './cases.ts';
import { type ContestOptions, contest, type Row } from './contest.ts';
import { median, number, ratios, spread, table } from './figures.ts';
import { perSecond } from './report.ts';
import { floor, gateway } from './subjects.ts';

/** Below this share of the floor's requests per second something has become slow, whatever else the machine does. */
export const LEAST_OF_THE_FLOOR = 0.6;

/** Gateway against floor on one script. @returns what is wrong, undefined when all is well. */
export async function checkThroughput(options: ContestOptions): Promise<string | undefined> {
  const [floorRow, gatewayRow] = await contest(oneScript(), [floor, gateway], options);
  const failure = floorRow?.failure ?? gatewayRow?.failure;
  if (floorRow === undefined || gatewayRow === undefined || failure !== undefined) return failure;
  const shares = ratios(perSecond(gatewayRow), perSecond(floorRow));
  console.log(
    table(
      ['one script', 'requests/s', 'of the floor', 'CPU µs per answer'],
      [
        ['floor', spread(perSecond(floorRow)), '', spread(cpuUs(floorRow))],
        ['gateway', spread(perSecond(gatewayRow)), spread(shares, 2), spread(cpuUs(gatewayRow))],
      ],
    ),
  );
  if (median(shares) >= LEAST_OF_THE_FLOOR) return undefined;
  return `The gateway serves ${number(median(shares), 2)} of what the floor serves; at least ${LEAST_OF_THE_FLOOR} is asked for. Compare with bench/RESULTS.md, and look at a CPU profile of the gateway.`;
}

function cpuUs({ samples }: Row): number[] {
  return samples.map((sample) => sample.cpuUs);
}
