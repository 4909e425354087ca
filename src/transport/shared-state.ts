import type { State } from '../state/port.ts';
import type { Interceptor } from './step.ts';
import type { ServePolicy } from './steps/cache.ts';

/** The state of a transport, and what a store of several processes brings besides. */
export interface TransportState extends State {
  /** The steps between joining equal calls and the circuit breaker. */
  steps?(policy: ServePolicy): readonly Interceptor[];
  /** Calls `forget` when other processes may have written unnoticed: no earlier answer is good any more. */
  onReset?(forget: () => void): void;
}
