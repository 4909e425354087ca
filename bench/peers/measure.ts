import type { Case } from './cases.ts';
import { keepChecking, WrongAnswer } from './check.ts';
import { load } from './load/wrk.ts';
import type { Upstream } from './nginx.ts';
import { cpuTimeMs } from './process.ts';
import type { Served } from './serve.ts';

/** One round of one subject. */
export interface Sample {
  readonly answers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the subject's processes for one answer. */
  readonly cpuUs: number;
  /** REST calls for one answer. */
  readonly calls: number;
}

export interface Round {
  readonly served: Served;
  readonly upstream: Upstream;
  readonly kind: Case;
  readonly bodiesFile: string;
  readonly seconds: number;
  readonly connections: number;
}

/** A busy machine may take several warm-ups to give the compilers as many answers as this. */
const WARM_AFTER = 5_000;
const MOST_WARM_UPS = 3;

/** Puts a subject under load until it is warm. @throws WrongAnswer when an answer was wrong or did not arrive. */
export async function warmUp(round: Round): Promise<void> {
  let answers = 0;
  for (let warmUps = 0; warmUps < MOST_WARM_UPS && answers < WARM_AFTER; warmUps++) {
    answers += (await measure(round)).answers;
  }
}

/** Puts a subject under load. @throws WrongAnswer when an answer was wrong or did not arrive. */
export async function measure({ served, upstream, kind, ...options }: Round): Promise<Sample> {
  const stopChecking = keepChecking(served, kind);
  const callsBefore = await upstream.countRequests();
  const cpuBefore = cpuTimeMs(served.pid);
  const { requests, seconds, p50Us, p99Us, failed } = await load({ url: served.url, ...options });
  const cpuMs = cpuTimeMs(served.pid) - cpuBefore;
  const calls = (await upstream.countRequests()) - callsBefore;
  await stopChecking();
  if (requests === 0) throw new WrongAnswer(`${kind.title}: no answer arrived in ${seconds} s.`);
  if (failed > 0) throw new WrongAnswer(`${kind.title}: ${failed} of ${requests} requests failed.`);
  return {
    answers: requests,
    perSecond: requests / seconds,
    p50Ms: p50Us / 1_000,
    p99Ms: p99Us / 1_000,
    cpuUs: (cpuMs * 1_000) / requests,
    calls: calls / requests,
  };
}
