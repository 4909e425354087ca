import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import { FAULT_KINDS, FAULTS, type Fault, type FaultKind } from './faults.ts';

/** Everything that a history is made of: the same plan gives the same history. */
export interface Plan {
  readonly seed: string;
  readonly seconds: number;
  readonly rate: number;
  /** How many processes may share an account, as each gateway is told. */
  readonly instances: number;
  readonly gateways: readonly GatewayPlan[];
  readonly storeDrift: number;
  readonly callers: readonly CallerPlan[];
  readonly followers: readonly FollowerPlan[];
  readonly visits: readonly VisitsPlan[];
  readonly faults: readonly Fault[];
  /** Whether all gateways have more to do than the quota allows once the faults are over. */
  readonly hasRush: boolean;
}

export interface GatewayPlan {
  readonly startsAt: number;
  readonly drift: number;
  readonly storeLatencyMs: number;
  readonly apiLatencyMs: number;
  readonly jitterMs: number;
  /** The network to Redis is near: a lost packet takes longer than a command may. */
  readonly storeLoss: number;
  readonly apiLoss: number;
}

export interface CallerPlan {
  readonly name: string;
  readonly key: string;
  readonly gateway: number;
  /** The pause between two operations, on average. */
  readonly thinkMs: number;
  readonly writes: number;
  readonly scripts: number;
  /** How many scripts it reads at once, now and then. */
  readonly burst: number;
  readonly joinsAt: number;
  readonly leavesAt: number;
}

export interface FollowerPlan {
  readonly name: string;
  readonly key: string;
  readonly gateway: number;
  readonly script: string;
  readonly isFiltered: boolean;
  readonly joinsAt: number;
  /** How long it stays with a gateway, on average, in ms. */
  readonly staysMs: number;
  /** It takes an event, and is busy for up to so many ms. */
  readonly readsEveryMs: number;
}

/** Sessions of a script come and go, this often on average. */
export interface VisitsPlan {
  readonly script: string;
  readonly everyMs: number;
}

/** While the API refuses and fails, fewer calls are made for a while afterwards. */
const SLOWS_DOWN_MS = 25_000;

/** How long before its end a history has no more faults, in ms. */
export const QUIET_MS = 15_000;

export interface PlanOptions {
  readonly seed: string;
  readonly seconds: number;
  readonly gateways: number;
  /** Faults in a minute, on average. */
  readonly faultsPerMinute?: number;
  readonly kinds?: readonly FaultKind[];
  /** Each gateway has more to do than the quota allows, all the time. */
  readonly isBusy?: boolean;
  /** Whether callers follow the sessions of scripts. By default they do in every second history. */
  readonly hasStreams?: boolean;
}

export function createPlan(options: PlanOptions): Plan {
  const { seed, seconds, gateways, faultsPerMinute = 12, kinds = FAULT_KINDS, isBusy = false } = options;
  const random = createSeeded(seed, 'plan');
  const between = (least: number, most: number) => least + random.next() * (most - least);
  const isFar = random.chance(0.2);
  const lastAt = seconds * 1_000 - QUIET_MS;
  const hasRush = random.chance(0.4);
  const faults: Fault[] = [];
  // Some histories have few faults, so that what lasts long is seen as well.
  const every = 60_000 / (faultsPerMinute * between(0.3, 1.7));
  for (let at = 3_000; kinds.length > 0; ) {
    at += -Math.log(1 - random.next()) * every;
    if (at >= lastAt) break;
    const kind = random.pick(kinds);
    const [least, most] = FAULTS[kind];
    const forMs = Math.min(least * (most / least) ** random.next(), lastAt - at);
    const fault: Fault = { kind, at, forMs, gateway: random.below(gateways), lot: random.next() };
    if (hasRush && kind.startsWith('api') && at + forMs > lastAt - SLOWS_DOWN_MS) continue;
    faults.push(fault);
  }
  return {
    seed,
    seconds,
    rate: random.pick([10, 50, 50]),
    instances: random.chance(0.5) ? gateways : 10,
    storeDrift: random.chance(0.5) ? 0 : between(-0.000_5, 0.000_5),
    gateways: Array.from({ length: gateways }, (_one, index) => ({
      startsAt: index > 0 && random.chance(0.15) ? random.next() * lastAt : 0,
      drift: random.chance(0.5) ? 0 : between(-0.000_5, 0.000_5),
      storeLatencyMs: isFar ? between(1, 20) : between(0.1, 2),
      apiLatencyMs: between(2, 100),
      jitterMs: random.pick([0, 0.3, 2, 10]),
      storeLoss: random.pick([0, 0, 0.000_2]),
      apiLoss: random.pick([0, 0, 0.001, 0.01]),
    })),
    ...createStreams(options),
    callers: isBusy ? busyCallers(seconds, gateways) : createCallers(random, seconds, gateways),
    faults,
    hasRush,
  };
}

function createStreams({
  seed,
  seconds,
  gateways,
  hasStreams,
}: PlanOptions): Pick<Plan, 'followers' | 'visits'> {
  const random = createSeeded(seed, 'streams');
  const isWanted = random.chance(0.5);
  if (!(hasStreams ?? isWanted)) return { followers: [], visits: [] };
  const scripts = ['live0', 'live1', 'live2'].slice(0, 1 + random.below(3));
  return {
    visits: scripts.map((script) => ({ script, everyMs: random.pick([300, 1_000, 4_000, 15_000]) })),
    followers: Array.from({ length: 1 + random.below(2 + 2 * Math.min(gateways, 4)) }, (_one, index) => ({
      name: `f${index}`,
      key: random.pick(['key-a', 'key-a', 'key-a', 'key-b']),
      gateway: random.below(gateways),
      script: random.pick(scripts),
      isFiltered: random.chance(0.3),
      joinsAt: random.next() ** 2 * seconds * 800,
      staysMs: random.pick([1_000, 5_000, 20_000, 100_000]),
      readsEveryMs: random.pick([0, 0, 0, 100, 3_000]),
    })),
  };
}

function busyCallers(seconds: number, gateways: number): CallerPlan[] {
  return Array.from({ length: 2 * gateways }, (_one, index) => ({
    name: `c${index}`,
    key: 'key-a',
    gateway: index % gateways,
    thinkMs: 5,
    writes: 0.02,
    scripts: 1_000_000,
    burst: 30,
    joinsAt: 0,
    leavesAt: seconds * 1_000,
  }));
}

function createCallers(random: Seeded, seconds: number, gateways: number): CallerPlan[] {
  const count = 2 + random.below(4 * Math.min(gateways, 5));
  return Array.from({ length: count }, (_one, index) => ({
    name: `c${index}`,
    key: random.pick(['key-a', 'key-a', 'key-a', 'key-b']),
    gateway: random.below(gateways),
    thinkMs: random.pick([5, 30, 100, 300, 1_000]),
    writes: random.pick([0, 0.02, 0.1, 0.5]),
    scripts: random.pick([1, 3, 10, 100, 1_000_000]),
    burst: random.pick([3, 20, 60]),
    joinsAt: random.chance(0.6) ? 0 : random.next() * seconds * 800,
    leavesAt: random.chance(0.7) ? seconds * 1_000 : random.next() * seconds * 1_000,
  }));
}
