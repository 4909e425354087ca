import { STATUS_CODES } from 'node:http';
import { Counter, Histogram, type Registry, Summary } from 'prom-client';
import { createOperationNames } from './operation-names.ts';
import { isOperation, type Phase, type RequestObserver, type RequestRecord } from './request-record.ts';

const OPERATION = ['operationName', 'operationType'] as const;
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const PHASE_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const PHASES = ['parse', 'validate', 'context', 'execute'] as const;
const PATHS = ['/graphql', '/health', '/readiness', '/metrics'];
const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS'];

/** Requests and operations, under the names that Yoga's own Prometheus plugin has. */
export function createOperationMetrics(registry: Registry): RequestObserver {
  const registers = [registry];
  const nameOf = createOperationNames();
  const http = new Histogram({
    name: 'graphql_yoga_http_duration',
    help: 'Seconds from the arrival of an HTTP request to the end of its answer; status 499: the client left',
    labelNames: ['url', 'method', 'statusCode', 'statusText', ...OPERATION],
    buckets: BUCKETS,
    registers,
  });
  const requests = new Counter({
    name: 'graphql_envelop_request',
    help: 'Operations',
    labelNames: OPERATION,
    registers,
  });
  const duration = new Histogram({
    name: 'graphql_envelop_request_duration',
    help: 'Seconds that an operation took from parsing to the end of its execution',
    labelNames: OPERATION,
    buckets: BUCKETS,
    registers,
  });
  const summary = new Summary({
    name: 'graphql_envelop_request_time_summary',
    help: 'Seconds that an operation took, of the last 10 minutes',
    labelNames: OPERATION,
    maxAgeSeconds: 600,
    ageBuckets: 5,
    registers,
  });
  const errors = new Counter({
    name: 'graphql_envelop_error_result',
    help: 'Errors in answers, by the phase in which they came up and their code',
    labelNames: ['phase', 'code', ...OPERATION],
    registers,
  });
  const phases = new Map(PHASES.map((phase) => [phase, createPhase(phase, registry)]));

  return {
    usesPhases: true,
    ended(record, { status, durationMs }) {
      const operation = {
        operationName: nameOf(record),
        operationType: record.operation?.type ?? 'unknown',
      };
      const statusText = STATUS_CODES[status] ?? 'Client Left';
      http.observe({ ...placeOf(record), statusCode: status, statusText, ...operation }, durationMs / 1_000);
      if (!isOperation(record)) return;
      for (const code of record.codes) errors.inc({ phase: phaseOf(record), code, ...operation });
      if (!record.operation) return;
      requests.inc(operation);
      let totalMs = 0;
      for (const [phase, histogram] of phases) {
        const ms = record.phases?.[phase];
        if (ms === undefined) continue;
        totalMs += ms;
        histogram.observe(operation, ms / 1_000);
      }
      duration.observe(operation, totalMs / 1_000);
      summary.observe(operation, totalMs / 1_000);
    },
  };
}

function createPhase(phase: Phase, registry: Registry) {
  return new Histogram({
    name: `graphql_envelop_phase_${phase}`,
    help: `Seconds that operations spent in the phase ${phase}`,
    labelNames: OPERATION,
    buckets: PHASE_BUCKETS,
    registers: [registry],
  });
}

/** Paths and methods that exist; clients may send any. */
function placeOf({ request: { path, method } }: RequestRecord) {
  const known = path.startsWith('/graphql/') ? '/graphql' : path;
  return {
    url: PATHS.includes(known) ? known : 'other',
    method: METHODS.includes(method) ? method : 'other',
  };
}

function phaseOf({ operation, usage }: RequestRecord) {
  if (!operation) return 'parse';
  return usage ? 'execute' : 'validate';
}
