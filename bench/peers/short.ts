import { oneScript } from './cases.ts';
import { type ContestOptions, contest } from './contest.ts';
import { median, number, ratios, restlessness, spread, table } from './figures.ts';
import { cpuUsOf, perSecond } from './report.ts';
import { floor, gateway } from './subjects.ts';

/**
 * The bound of the CPU time of an answer, in CPU times of the floor's answer: 2.6 on a quiet machine, 3.2 on a busy one, and a third
 * more. CPU time, because requests per second say more about the other work of a shared machine than about the gateway.
 */
const MOST_CPU_OF_THE_FLOOR = 4.5;

/** Gateway against floor on one script. @returns what is wrong, undefined when all is well. */
export async function checkThroughput(options: ContestOptions): Promise<string | undefined> {
  const [floorRow, gatewayRow] = await contest(oneScript(), [floor, gateway], options);
  const failure = floorRow?.failure ?? gatewayRow?.failure;
  if (floorRow === undefined || gatewayRow === undefined || failure !== undefined) return failure;
  const shares = ratios(perSecond(gatewayRow), perSecond(floorRow));
  const costs = ratios(cpuUsOf(gatewayRow), cpuUsOf(floorRow));
  console.log(
    table(
      ['one script', 'requests/s', 'of the floor', 'CPU µs per answer', 'of the floor'],
      [
        ['floor', spread(perSecond(floorRow)), '', spread(cpuUsOf(floorRow)), ''],
        [
          'gateway',
          spread(perSecond(gatewayRow)),
          spread(shares, 2),
          spread(cpuUsOf(gatewayRow)),
          spread(costs, 2),
        ],
      ],
    ),
  );
  const restless = restlessness(perSecond(floorRow));
  if (restless !== undefined) console.log(restless);
  if (median(costs) <= MOST_CPU_OF_THE_FLOOR) return undefined;
  return `An answer of the gateway takes ${number(median(costs), 2)} times the CPU time of the floor's; at most ${MOST_CPU_OF_THE_FLOOR} is asked for. Compare with bench/RESULTS.md, and look at a CPU profile of the gateway.`;
}
