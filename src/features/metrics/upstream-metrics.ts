import type { BreakerState, CoordinationState, Observer } from '../../transport/observer.ts';
import type { Meters } from './meters.ts';

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];
const COORDINATION_STATES: readonly CoordinationState[] = ['ok', 'lost'];
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of REST calls: those that were made, and those that were saved. */
export function createUpstreamMetrics({ counter, gauge, histogram }: Meters): Observer {
  const requests = counter(
    'luaauth_upstream_requests_total',
    'Requests to the REST API that have ended, by endpoint and how',
    'endpoint',
    'outcome',
  );
  const seconds = histogram(
    'luaauth_upstream_request_duration_seconds',
    'Time that a request to the REST API took, without the wait for its turn',
    BUCKETS,
    'endpoint',
  );
  const inFlight = gauge('luaauth_upstream_requests_in_flight', 'Requests to the REST API under way');
  const depth = gauge('luaauth_upstream_queue_depth', 'Calls that wait for their turn in the quota');
  const wait = histogram(
    'luaauth_upstream_queue_wait_seconds',
    'Time that calls waited for their turn in the quota',
    BUCKETS,
  );
  const retries = counter(
    'luaauth_upstream_retries_total',
    'Requests to the REST API that were made again',
    'endpoint',
  );
  const breaker = gauge(
    'luaauth_upstream_breaker_state',
    '1 for the worst state that the breaker of any API key is in; open: calls are answered at once, without being sent',
    'state',
  );
  const breakerChanged = (now: BreakerState) => {
    for (const state of STATES) breaker.set({ state }, state === now ? 1 : 0);
  };
  const reads = counter(
    'luaauth_upstream_reads_total',
    "Reads that were answered, by what: their own call, another one's (shared), a fresh or a stale cache entry",
    'source',
  );
  for (const source of ['call', 'shared', 'fresh', 'stale']) reads.inc({ source }, 0);
  const unexpected = counter(
    'luaauth_upstream_unexpected_total',
    "Members of LuaAuth's answers that differ from its documentation; new ones are looked for once a second for each endpoint",
    'endpoint',
    'member',
    'kind',
  );
  const coordination = gauge(
    'luaauth_coordination_state',
    '1 for the state of the gateway among others; lost: Redis cannot be reached, and it goes on with its share of the quota',
    'state',
  );
  const losses = counter('luaauth_coordination_losses_total', 'How often the gateway has lost Redis');
  let isLost = false;
  const coordinationChanged = (now: CoordinationState) => {
    for (const state of COORDINATION_STATES) coordination.set({ state }, state === now ? 1 : 0);
    // Another reason is no other loss.
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
    requested({ endpoint }) {
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
