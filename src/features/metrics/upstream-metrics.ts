import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BreakerState, CoordinationState, Observer } from '../../transport/observer.ts';

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];
const COORDINATION_STATES: readonly CoordinationState[] = ['ok', 'lost'];
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of REST calls: those that were made, and those that were saved. */
export function createUpstreamMetrics(registry: Registry): Observer {
  const registers = [registry];
  const requests = new Counter({
    name: 'luaauth_upstream_requests_total',
    help: 'Requests to the REST API that have ended, by endpoint and how',
    labelNames: ['endpoint', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'luaauth_upstream_request_duration_seconds',
    help: 'Time that a request to the REST API took, without the wait for its turn',
    labelNames: ['endpoint'],
    buckets: BUCKETS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'luaauth_upstream_requests_in_flight',
    help: 'Requests to the REST API under way',
    registers,
  });
  const depth = new Gauge({
    name: 'luaauth_upstream_queue_depth',
    help: 'Calls that wait for their turn in the quota',
    registers,
  });
  const wait = new Histogram({
    name: 'luaauth_upstream_queue_wait_seconds',
    help: 'Time that calls waited for their turn in the quota',
    buckets: BUCKETS,
    registers,
  });
  const retries = new Counter({
    name: 'luaauth_upstream_retries_total',
    help: 'Requests to the REST API that were made again',
    labelNames: ['endpoint'],
    registers,
  });
  const breaker = new Gauge({
    name: 'luaauth_upstream_breaker_state',
    help: '1 for the worst state that the breaker of any API key is in; open: calls are answered at once, without being sent',
    labelNames: ['state'],
    registers,
  });
  const breakerChanged = (now: BreakerState) => {
    for (const state of STATES) breaker.set({ state }, state === now ? 1 : 0);
  };
  const reads = new Counter({
    name: 'luaauth_upstream_reads_total',
    help: "Reads that were answered, by what: their own call, another one's (shared), a fresh or a stale cache entry",
    labelNames: ['source'],
    registers,
  });
  for (const source of ['call', 'shared', 'fresh', 'stale']) reads.inc({ source }, 0);
  const unexpected = new Counter({
    name: 'luaauth_upstream_unexpected_total',
    help: "Members of LuaAuth's answers that differ from its documentation; new ones are looked for once a second for each endpoint",
    labelNames: ['endpoint', 'member', 'kind'],
    registers,
  });
  const coordination = new Gauge({
    name: 'luaauth_coordination_state',
    help: '1 for the state of the gateway among others; lost: Redis cannot be reached, and it goes on with its share of the quota',
    labelNames: ['state'],
    registers,
  });
  const losses = new Counter({
    name: 'luaauth_coordination_losses_total',
    help: 'How often the gateway has lost Redis',
    registers,
  });
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
