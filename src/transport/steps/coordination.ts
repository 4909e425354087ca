import type { Coordination } from '../../state/port.ts';
import type { Interceptor } from '../call.ts';
import { CoordinationLost } from '../errors.ts';

/** Refuses calls while this process does not know its share of the quota. */
export function requireCoordination(coordination: Coordination | undefined): Interceptor {
  if (!coordination) return (next) => next;
  return (next) => (call, progress) => {
    const refusedMs = coordination.refusedMs();
    return refusedMs > 0 ? Promise.reject(new CoordinationLost(call, refusedMs)) : next(call, progress);
  };
}
