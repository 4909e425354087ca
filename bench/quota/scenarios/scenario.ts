import type { GatewaySettings } from '../support/gateway.ts';
import { type Cost, callsPerOperation } from '../support/measure.ts';
import { type Outcomes, percentile } from '../support/outcomes.ts';
import type { Report, Target } from '../support/report.ts';
import { QUOTA_PER_SECOND } from '../support/scripts.ts';

export interface ScenarioOptions {
  /** How long each load lasts. */
  readonly seconds: number;
  /** Operations a second, where the quota lets the cache and sharing carry them. */
  readonly perSecond: number;
  readonly settings: GatewaySettings;
}

/** Runs on fixtures of its own; gives a report for each of its runs, as soon as it has it. */
export type Scenario = (options: ScenarioOptions) => AsyncGenerator<Report>;

const LONGEST_P99_MS = 250;

/** The targets of popular reads: all are served, by few calls, soon. */
export function popularTargets(perSecond: number, operations: number, reads: Outcomes, cost: Cost): Target[] {
  const mostCalls = QUOTA_PER_SECOND / perSecond;
  return [
    { text: `every one of ${perSecond} operations a second is served`, met: reads.served === operations },
    {
      text: `at most ${mostCalls} REST calls per operation`,
      met: callsPerOperation(reads.served, cost) <= mostCalls,
    },
    { text: `p99 below ${LONGEST_P99_MS} ms`, met: percentile(reads.latencies, 0.99) < LONGEST_P99_MS },
  ];
}
