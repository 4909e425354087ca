import { type Failing, GOOD_MOOD, type SimulatedApi } from './api.ts';
import type { SimulatedGateway } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import { cutLink, moveAway } from './network.ts';
import type { Store } from './store.ts';

export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly forMs: number;
  readonly gateway: number;
  /** Stands for a direction or a size, as the kind needs it. From 0 to 1. */
  readonly lot: number;
}

/** What a fault may happen to. */
interface Scene {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly api: SimulatedApi;
  readonly gateway: SimulatedGateway;
}

type Inject = (scene: Scene, forMs: number, lot: number) => void;

const movesAway =
  (link: 'toStore' | 'toApi', mostMs: number): Inject =>
  ({ kernel, gateway }, forMs, lot) =>
    moveAway(kernel, gateway[link], lot * mostMs, forMs);

const cuts =
  (link: 'toStore' | 'toApi'): Inject =>
  ({ kernel, gateway }, forMs, lot) =>
    cutLink(kernel, gateway[link], lot, forMs);

const fails =
  (failing: Failing): Inject =>
  ({ api }, forMs, lot) =>
    api.feel({ ...GOOD_MOOD, failing, chance: lot }, forMs);

/** Each with how long it lasts, in ms: at least and at most. */
export const FAULTS = {
  'store stalls': [50, 3_000, ({ store }, forMs) => store.stall(forMs)],
  'store is flushed': [1, 1, ({ store }) => store.model.flush()],
  'store fails over': [100, 3_000, ({ store }, forMs, lot) => store.failOver(lot * forMs, (1 - lot) * forMs)],
  'store is full': [500, 5_000, ({ store }, forMs) => store.fill(forMs)],
  'store is further away': [500, 8_000, movesAway('toStore', 40)],
  'store is cut off': [100, 15_000, cuts('toStore')],
  'api is further away': [500, 8_000, movesAway('toApi', 200)],
  'api is cut off': [100, 8_000, cuts('toApi')],
  'api is slow': [
    500,
    8_000,
    ({ api }, forMs, lot) => api.feel({ ...GOOD_MOOD, workMs: 300 + lot * 3_000 }, forMs),
  ],
  'api refuses': [300, 3_000, fails('refuses')],
  'api hangs': [300, 3_000, fails('hangs')],
  'api closes': [300, 3_000, fails('closes')],
  'api fails': [300, 3_000, fails('fails')],
  'process pauses': [100, 30_000, ({ gateway }, forMs) => gateway.pause(forMs)],
  'process dies': [100, 5_000, ({ gateway }, forMs) => gateway.die(forMs)],
  'process stops': [100, 5_000, ({ gateway }, forMs) => void gateway.stop(forMs)],
} as const satisfies Record<string, readonly [leastMs: number, mostMs: number, inject: Inject]>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];
