import { Counter, type Registry } from 'prom-client';
import { clientOf } from './client-info.ts';
import { hasGoneWell } from './operation-names.ts';
import { isOperation, type RequestObserver, type RequestRecord } from './request-record.ts';

const MAX_CALLERS = 200;
const MAX_CLIENTS = 100;
const NOBODY = 'none';

/** Who asks, by what. Each name costs memory for good: those of keys are given by whoever runs the gateway, of clients by anybody. */
export function createCallerMetrics(registry: Registry): RequestObserver {
  const registers = [registry];
  const operations = new Counter({
    name: 'luaauth_operations_total',
    help: 'Operations, by the name of the gateway key and by what the client says that it is',
    labelNames: ['caller', 'clientName', 'clientVersion', 'operationType'],
    registers,
  });
  const calls = new Counter({
    name: 'luaauth_caller_calls_total',
    help: 'Requests to the REST API, by the name of the gateway key',
    labelNames: ['caller'],
    registers,
  });
  const writes = new Counter({
    name: 'luaauth_writes_total',
    help: 'Mutations, by the name of the gateway key and how they ended',
    labelNames: ['caller', 'mutation', 'outcome'],
    registers,
  });
  const callers = new Set<string>();
  const clients = new Set<string>();

  const callerOf = ({ caller }: RequestRecord): string =>
    caller === undefined ? NOBODY : isKnown(callers, caller, MAX_CALLERS) ? caller : 'other';
  const clientLabels = (record: RequestRecord) => {
    const { clientName = NOBODY, clientVersion = NOBODY } = clientOf(record);
    // Only what has gone well for somebody with a key may add one.
    const most = hasGoneWell(record) ? MAX_CLIENTS : 0;
    const isNamed = clientName !== NOBODY || clientVersion !== NOBODY;
    return !isNamed || isKnown(clients, `${clientName}\n${clientVersion}`, most)
      ? { clientName, clientVersion }
      : { clientName: 'other', clientVersion: 'other' };
  };

  return {
    wrote: (record, { mutation, outcome }) => writes.inc({ caller: callerOf(record), mutation, outcome }),
    ended(record) {
      if (!isOperation(record) || !record.operation) return;
      const caller = callerOf(record);
      operations.inc({ caller, ...clientLabels(record), operationType: record.operation.type });
      if (record.usage && record.usage.calls > 0) calls.inc({ caller }, record.usage.calls);
    },
  };
}

/** Whether a name is one of so many; a new one is, as long as there is room. */
function isKnown(names: Set<string>, name: string, most: number): boolean {
  if (!names.has(name) && names.size < most) names.add(name);
  return names.has(name);
}
