import type { Clock } from '../../base/clock.ts';
import type { Quotas } from '../../state/port.ts';
import type { Connections } from './connections.ts';
import type { FairLine } from './fair-line.ts';
import type { Pool } from './pool.ts';
import type { Turn } from './turn.ts';
import type { UnacceptedKeys } from './unaccepted-keys.ts';

/** What all accounts share. */
export interface Shared {
  /** Requests of one key in any sliding second; Infinity: no quota. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The quota over all accounts; undefined: there is none. */
  readonly total: Pool | undefined;
  readonly unaccepted: UnacceptedKeys;
  /** All calls that wait. */
  readonly queue: FairLine<Turn>;
  readonly connections: Connections;
  /** Starts the calls that can start. */
  readonly pump: () => void;
}
