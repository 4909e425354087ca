import { AbortSource } from '../../src/base/signal.ts';
import { createLive, type LiveSessions } from '../../src/features/live/live.ts';
import { openStateInRedis } from '../../src/features/redis/open.ts';
import type { Api } from '../../src/luaauth/api.ts';
import type { Session } from '../../src/luaauth/sessions.ts';
import type { TransportState } from '../../src/transport/shared-state.ts';
import { createTransport, type Transport } from '../../src/transport/transport.ts';
import { Usage } from '../../src/transport/usage.ts';
import { createSeeded } from '../support/random/seeded.ts';
import type { SimulatedApi } from './api.ts';
import { DriftingClock, processClock, processRandom } from './clocks.ts';
import { type Kernel, Owner } from './kernel.ts';
import { createLink, type Link } from './network.ts';
import type { GatewayPlan } from './plan.ts';
import type { ChangeScript } from './redis-model.ts';
import { BEGINS_AT, type Store } from './store.ts';

export const TIMEOUTS = { read: 4_000, write: 5_000 };
export const OPERATION_MS = 8_000;
const COPIES = { freshMs: 2_000, staleMs: 10_000 };
/** A supervisor starts a process again after this time. */
const RESTART_MS = 1_000;

interface GatewayOptions {
  readonly plan: GatewayPlan;
  readonly name: string;
  readonly kernel: Kernel;
  readonly seed: string;
  readonly store: Store;
  readonly api: SimulatedApi;
  readonly rate: number;
  readonly instances: number;
  /** Changes a part of the gateway, to show that the simulation finds a defect. */
  readonly defect?: Defect | undefined;
}

/** A change of behaviour in the parts that a gateway is made of. */
export interface Defect {
  /** Is called once for each process. */
  readonly state?: (state: TransportState) => TransportState;
  readonly script?: ChangeScript;
  readonly live?: (make: typeof createLive) => typeof createLive;
  /** How many processes share an account, as each is told. */
  readonly instances?: number;
}

/** A gateway: the code of the product, with clock, random numbers and connections of the simulation. */
export class SimulatedGateway {
  readonly #options: GatewayOptions;
  readonly toStore: Link;
  readonly toApi: Link;
  readonly name: string;
  owner: Owner;
  /** How long it stood still in all. */
  pausedMs = 0;
  starts = 0;
  /** Whether this process has lost the store, when it last did, and how many times. */
  isLost = false;
  lostAt = Number.NEGATIVE_INFINITY;
  losses = 0;
  /** When this process was ready for operations. */
  runsSince = Number.NEGATIVE_INFINITY;
  /** When this process came back to the store. */
  backAt = Number.NEGATIVE_INFINITY;
  #running:
    | { readonly transport: Transport; readonly state: TransportState; readonly live: LiveSessions }
    | undefined;

  constructor(options: GatewayOptions) {
    const { startsAt, storeLatencyMs, apiLatencyMs, jitterMs, storeLoss, apiLoss } = options.plan;
    this.#options = options;
    this.name = options.name;
    this.toStore = createLink(storeLatencyMs, jitterMs, storeLoss);
    this.toApi = createLink(apiLatencyMs, jitterMs, apiLoss);
    this.owner = new Owner(options.name);
    options.kernel.after(startsAt, () => this.#start());
  }

  get isRunning(): boolean {
    return this.#running !== undefined && !this.owner.hasEnded;
  }

  /** Whether it counts by itself, or did so within the last `ms`. */
  wasLostWithin(ms: number): boolean {
    return this.isLost || this.#options.kernel.now - this.backAt < ms;
  }

  /** Whether it has counted by itself for `ms`. */
  isLostFor(ms: number): boolean {
    return this.isLost && this.#options.kernel.now - this.lostAt >= ms;
  }

  pause(ms: number): void {
    const { now } = this.#options.kernel;
    const until = Math.max(this.owner.pausedUntil, now + ms);
    this.pausedMs += until - Math.max(now, this.owner.pausedUntil);
    this.owner.pausedUntil = until;
  }

  /** It ends without a word, and another process takes its place. */
  die(downMs: number): void {
    if (!this.isRunning) return;
    this.#end(downMs);
  }

  #end(downMs: number): void {
    this.owner.hasEnded = true;
    this.#running = undefined;
    if (this.isLost) this.#changed(false);
    this.#options.kernel.after(downMs, () => this.#start());
  }

  /** It takes no more operations, ends those under way, tells the others, and another process takes its place. */
  async stop(downMs: number): Promise<void> {
    const { kernel } = this.#options;
    const { owner } = this;
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    running.live.endAll();
    await new Promise<void>((resolve) => void kernel.after(OPERATION_MS, resolve, owner));
    await running.transport.close();
    await running.state.close?.();
    owner.hasEnded = true;
    if (this.isLost) this.#changed(false);
    kernel.after(downMs, () => this.#start());
  }

  /** A loss may be reported again, with another reason. */
  #changed(isLost: boolean): void {
    const { now } = this.#options.kernel;
    if (!isLost) this.backAt = now;
    else if (!this.isLost) {
      this.lostAt = now;
      this.losses += 1;
    }
    this.isLost = isLost;
  }

  #start(): void {
    const { kernel, seed, name, store, api, rate, plan, defect } = this.#options;
    this.starts += 1;
    const owner = new Owner(`${name}.${this.starts}`);
    this.owner = owner;
    const time = new DriftingClock(kernel, plan.drift, 1_000 * this.starts);
    const clock = processClock(kernel, owner, time, createSeeded(seed, 'timers', owner.name));
    const random = processRandom(seed, owner.name);
    this.losses = 0;
    this.isLost = false;
    const onChange = (reason: Error | undefined) => {
      // A process that is replaced may still report.
      if (owner === this.owner) this.#changed(reason !== undefined);
      kernel.log(`${owner.name} ${reason ? `loses the store: ${reason.message}` : 'is back'}`);
    };
    const { instances = this.#options.instances } = defect ?? {};
    const options = { url: 'redis://store', rate, instances, longestTtlMs: COPIES.staleMs, onChange };
    const createClient = store.clientOf(owner, this.toStore);
    const begin = (shared: TransportState) => {
      if (owner.hasEnded) return;
      const state = defect?.state?.(shared) ?? shared;
      const today = () => BEGINS_AT + clock.now();
      const transport = createTransport(
        {
          url: new URL('http://api'),
          userAgent: 'simulation',
          rate,
          ...COPIES,
          state,
          clock,
          today,
          random: random.next,
        },
        () => api.connectionsOf(owner, this.toApi, () => this.isLost),
      );
      const limits = {
        rate: 0,
        maxSessions: 1_000,
        maxStreams: 1_000,
        maxScripts: 100,
        maxLifetimeMs: 60_000,
      };
      const onUnexpected = (error: unknown) => {
        throw error;
      };
      const make = defect?.live?.(createLive) ?? createLive;
      const live = make({ transport, timeouts: TIMEOUTS, limits, onUnexpected, today });
      this.#running = { transport, state, live };
      this.runsSince = kernel.now;
      kernel.log(`${owner.name} runs`);
    };
    openStateInRedis(options, { clock, random, createClient }).then(begin, (error) => {
      kernel.log(`${owner.name} does not start: ${error}`);
      if (!owner.hasEnded) this.#end(RESTART_MS);
    });
  }

  /** The API as an operation has it. */
  open(key: string, caller: string): Api & { readonly usage: Usage; readonly signal: AbortSource } {
    if (!this.#running) throw new Error('the gateway does not run');
    const { transport } = this.#running;
    const account = `account of ${key}`;
    const { clock } = transport;
    const startedAt = clock.now();
    return {
      ask: transport.ask,
      rateLimit: () => transport.rateLimit(account),
      status: () => transport.status(account),
      clock,
      origin: { key, account, caller, snapshot: transport.state.generations.snapshot(account) },
      usage: new Usage(),
      signal: new AbortSource(),
      timeouts: TIMEOUTS,
      deadline: startedAt + OPERATION_MS,
      pageSizes: transport.pageSizes,
    };
  }

  /** The subscription `scriptSessions` as an operation has it. */
  subscribe(
    key: string,
    caller: string,
    scriptId: string,
    isWanted: (session: Session) => boolean,
    after: string | undefined,
  ) {
    if (!this.#running) throw new Error('the gateway does not run');
    const origin = { key, account: `account of ${key}`, caller };
    return this.#running.live.subscribe(origin, { scriptId, isWanted, after });
  }

  /** Sessions were ended by an operation. */
  disconnected(key: string, sessionIds: readonly string[]): void {
    this.#running?.live.disconnected(`account of ${key}`, sessionIds);
  }
}
