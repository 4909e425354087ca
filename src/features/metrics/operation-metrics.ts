import { clientOf, operationNameOf } from '../../observability/facts.ts';
import { isOperation, type RequestObserver, type RequestRecord } from '../../observability/request-record.ts';
import type { Meters } from './meters.ts';

/** Each label value stays in memory. Clients choose the names of operations and clients, operators the names of keys. */
const MAX_OPERATIONS = 200;
const MAX_CALLERS = 200;
const MAX_CLIENTS = 100;
const NO_NAME = 'none';

/** The counted names. A new name is added while there are fewer than `most`. */
class Names extends Set<string> {
  admits(name: string, most: number): boolean {
    if (this.size < most) this.add(name);
    return this.has(name);
  }
}

/** Whether the operation succeeded and needed a key. Only such an operation may add a new name. */
function succeededWithKey({ usage, codes }: RequestRecord): boolean {
  return (
    usage !== undefined && codes.length === 0 && usage.calls + usage.shared + usage.fresh + usage.stale > 0
  );
}

const OPERATION = ['operation_name', 'operation_type'] as const;
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS'];
/** Machines call these paths all the time, which would hide what clients see. */
const NOT_COUNTED = ['/health', '/readiness', '/metrics'];

/** Metrics of requests and operations, by name, caller and client. Names beyond the limit count as `other`. */
export function createOperationMetrics({ counter, histogram }: Meters): RequestObserver {
  const http = histogram(
    'luaauth_http_request_duration_seconds',
    'Time from the arrival of an HTTP request to the end of its answer; status 499: the client left',
    BUCKETS,
    'path',
    'method',
    'status',
  );
  const duration = histogram(
    'luaauth_operation_duration_seconds',
    'Time of an operation from parsing to the end of its execution',
    BUCKETS,
    ...OPERATION,
  );
  const errors = counter(
    'luaauth_operation_errors_total',
    'Errors in answers, by the phase in which they occurred and by code',
    'phase',
    'code',
    ...OPERATION,
  );
  const operations = counter(
    'luaauth_operations_total',
    "Operations, by the name of the gateway key and by the client's own name and version",
    'caller',
    'client_name',
    'client_version',
    'operation_type',
  );
  const calls = counter(
    'luaauth_caller_calls_total',
    'Requests to the REST API, by the name of the gateway key',
    'caller',
  );
  const writes = counter(
    'luaauth_writes_total',
    'Mutations, by the name of the gateway key and by outcome',
    'caller',
    'mutation',
    'outcome',
  );
  const names = new Names();
  const callers = new Names();
  const clients = new Names();

  const nameOf = (record: RequestRecord): string => {
    if (!record.operation) return 'unknown';
    const name = operationNameOf(record) ?? 'Anonymous';
    const most = name === record.operation.name && succeededWithKey(record) ? MAX_OPERATIONS : 0;
    return name === 'Anonymous' || names.admits(name, most) ? name : 'other';
  };
  const callerOf = ({ caller }: RequestRecord): string =>
    caller === undefined ? NO_NAME : callers.admits(caller, MAX_CALLERS) ? caller : 'other';
  const clientLabels = (record: RequestRecord) => {
    const { clientName = NO_NAME, clientVersion = NO_NAME } = clientOf(record);
    const most = succeededWithKey(record) ? MAX_CLIENTS : 0;
    const isNamed = clientName !== NO_NAME || clientVersion !== NO_NAME;
    return !isNamed || clients.admits(`${clientName}\n${clientVersion}`, most)
      ? { client_name: clientName, client_version: clientVersion }
      : { client_name: 'other', client_version: 'other' };
  };

  return {
    wrote: (record, { mutation, outcome }) => writes.inc({ caller: callerOf(record), mutation, outcome }),
    ended(record, { status, durationMs }) {
      if (!NOT_COUNTED.includes(record.request.path))
        http.observe({ ...placeOf(record), status }, durationMs / 1_000);
      if (!isOperation(record)) return;
      const operation = {
        operation_name: nameOf(record),
        operation_type: record.operation?.type ?? 'unknown',
      };
      const phase = !record.operation ? 'parse' : record.usage ? 'execute' : 'validate';
      for (const code of record.codes) errors.inc({ phase, code, ...operation });
      if (!record.operation) return;
      // Undefined: the client has left before the end of the operation.
      duration.observe(operation, (record.operationMs ?? durationMs) / 1_000);
      const caller = callerOf(record);
      operations.inc({ caller, ...clientLabels(record), operation_type: record.operation.type });
      if (record.usage && record.usage.calls > 0) calls.inc({ caller }, record.usage.calls);
    },
  };
}

/** Known paths and methods; clients may send any others. */
function placeOf({ request: { path, method } }: RequestRecord) {
  return {
    path: /^\/graphql(\/|$)/.test(path) ? '/graphql' : path === '/mcp' ? path : 'other',
    method: METHODS.includes(method) ? method : 'other',
  };
}
