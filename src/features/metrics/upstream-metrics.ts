import type { AnswerObserver } from '../../observability/difference.ts';
import type { BreakerState, CoordinationState, Observer } from '../../transport/observer.ts';
import type { Meters } from './meters.ts';

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];
const COORDINATION_STATES: readonly CoordinationState[] = ['ok', 'lost'];
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createUpstreamMetrics({ counter, gauge, histogram }: Meters): Observer & AnswerObserver {
  const requests = counter(
    'luaauth_upstream_requests_total',
    'Finished requests to the REST API, by endpoint and outcome',
    'endpoint',
    'outcome',
  );
  const seconds = histogram(
    'luaauth_upstream_request_duration_seconds',
    'Time of a request to the REST API, without waiting for its turn',
    BUCKETS,
    'endpoint',
  );
  const inFlight = gauge('luaauth_upstream_requests_in_flight', 'Requests to the REST API in flight');
  const depth = gauge('luaauth_upstream_queue_depth', 'Calls waiting for their turn in the quota');
  const wait = histogram(
    'luaauth_upstream_queue_wait_seconds',
    'Time that calls waited for their turn in the quota, given up or not',
    BUCKETS,
  );
  const retries = counter(
    'luaauth_upstream_retries_total',
    'Requests to the REST API that were sent again',
    'endpoint',
  );
  const breaker = gauge(
    'luaauth_upstream_breaker_state',
    '1 for the worst breaker state of any API key; open: calls fail at once, without being sent',
    'state',
  );
  const breakerChanged = (now: BreakerState) => {
    for (const state of STATES) breaker.set({ state }, state === now ? 1 : 0);
  };
  const reads = counter(
    'luaauth_upstream_reads_total',
    'Answered reads, by source: a call of their own, a shared call, or a fresh or stale cache entry',
    'source',
  );
  for (const source of ['call', 'shared', 'fresh', 'stale']) reads.inc({ source }, 0);
  const unexpected = counter(
    'luaauth_upstream_unexpected_total',
    "Members of LuaAuth's answers that differ from its documentation, of which one of each endpoint is compared per second",
    'endpoint',
    'member',
    'kind',
  );
  const coordination = gauge(
    'luaauth_coordination_state',
    "1 for the gateway's connection to the others; lost: Redis cannot be reached, and the gateway continues with its share of the quota",
    'state',
  );
  const losses = counter('luaauth_coordination_losses_total', 'How often the gateway lost Redis');
  let isLost = false;
  const coordinationChanged = (now: CoordinationState) => {
    for (const state of COORDINATION_STATES) coordination.set({ state }, state === now ? 1 : 0);
    // A changed reason is not another loss.
    if (now === 'lost' && !isLost) losses.inc();
    isLost = now === 'lost';
  };
  breakerChanged('closed');
  coordinationChanged('ok');

  return {
    queued() {
      const end = wait.startTimer();
      depth.inc();
      return () => {
        depth.dec();
        end();
      };
    },
    requested({ endpoint }, hasWaited) {
      if (!hasWaited) wait.observe(0);
      const end = seconds.startTimer({ endpoint });
      inFlight.inc();
      return (outcome) => {
        inFlight.dec();
        requests.inc({ endpoint, outcome });
        end();
      };
    },
    retried: ({ endpoint }) => retries.inc({ endpoint }),
    answered: (_call, source) => reads.inc({ source }),
    differed: ({ endpoint, member, kind }) => unexpected.inc({ endpoint, member, kind }),
    breakerChanged,
    coordinationChanged,
  };
}
